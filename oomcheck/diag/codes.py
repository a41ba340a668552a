"""The closed list of diagnostic codes: a title and what to do about each."""

from __future__ import annotations

from typing import Final

CODES: Final[dict[str, tuple[str, str]]] = {
    # E00: files and the command line
    "E0001": ("cannot read file", "The file is missing, unreadable, or a directory. Check the path and its rights."),
    "E0002": ("not a text file", "Models and specs are UTF-8 text without NUL bytes."),
    "E0003": ("wrong command line", "See `oomcheck COMMAND --help` for the arguments of each command."),
    "E0004": ("no such parameter", "`-c NAME=VALUE` names a parameter of the model; `oomcheck info` lists them."),
    "E0005": ("bad parameter value", "The value must parse and lie in the range that the model declares."),
    "E0006": (
        "nothing selected",
        "`-p/--property GLOB` or `--exclude` left no property to check; a filter that selects nothing is never a pass.",
    ),
    "E0007": ("cannot write file", "The output folder is missing, full or read-only."),
    "E0008": ("wrong setting", "A value in the environment or in [tool.oomcheck] of pyproject.toml is not understood."),
    "E0009": ("file too large or nested too deep", "The text exceeds what the parser accepts; split the model."),
    # E01: syntax
    "E0101": ("syntax error", "The text does not follow the grammar; the message says what was expected."),
    "E0102": ("unexpected character", "This character has no meaning in the language."),
    "E0103": ("unclosed string or comment", 'A string ends on its own line with `"`; a comment ends with `*/`.'),
    "E0104": ("not supported yet", "The word is reserved for a feature that this version does not have."),
    "E0105": ("number out of range", "Integers have at most 18 digits."),
    # E02: names and types
    "E0201": ("unknown name", "Nothing with this name is declared or visible here."),
    "E0202": ("name declared twice", "Each name has one meaning; rename one of the two."),
    "E0203": ("wrong type", "The expression has another type than this place needs."),
    "E0204": ("wrong number of arguments", "The call gives more or fewer arguments than are declared."),
    "E0205": ("not a place", "Only variables, elements and fields can be written or passed to an operation."),
    "E0206": ("recursion", "Functions are expanded where they are called, so they cannot call themselves."),
    "E0207": ("import error", "Imports stay below the folder of the model (or --include), exist, and form no cycle."),
    "E0208": (
        "misplaced statement",
        "break and continue belong into loops, return into functions, labels before goto in one body.",
    ),
    "E0209": ("unknown field", "The structure, task or group has no such field."),
    "E0210": (
        "ghost leak",
        "Ghost variables are written by statements and read by properties; behaviour must not depend on them.",
    ),
    "E0211": ("unknown operation", "No kernel operation or function has this name."),
    "E0212": ("object used as a value", "Kernel objects are used through their operations only."),
    "E0213": ("flag of another word", "The bit does not belong to this flag word."),
    "E0214": ("unknown label", "No statement of that thread or function carries this label."),
    "E0215": ("missing return value", "A function with a result must return a value on every path."),
    "E0216": ("not a constant", "Array sizes, ranges and initial values are computed from constants and parameters."),
    "E0217": (
        "not allowed here",
        "The operation needs a thread that runs, or may not occur in a property or atomic block.",
    ),
    "E0218": (
        "not a source reference",
        '`@ "file:name"`: a path below the kernel tree, without `..`, and a name or `structure.member` in that file.',
    ),
    # E03: lowering
    "E0301": ("value out of range", "A constant does not fit the declared range."),
    "E0302": (
        "too many paths in one step",
        "An atomic block or a local computation branches too often to be one step; split it.",
    ),
    "E0303": ("bad size", "Array and thread counts lie between 0 and 4096."),
    "E0304": ("blocking inside atomic", "An atomic block runs in one step; it cannot sleep or wait half-way."),
    "E0305": (
        "parameter without a value",
        "A parametric parameter needs a value for search: -c NAME=VALUE or `with NAME = VALUE`.",
    ),
    "E0306": ("model without threads", "A model needs at least one thread that can run."),
    "E0307": (
        "no length of time",
        "Where ticks are counted, each timer, delay and timeout needs a number of them that has a bound.",
    ),
    "E0308": (
        "number needed",
        "A proof for every value of a parameter allows it as the first size of an array, as a bound of a loop or "
        "quantifier, and in comparisons and sums; elsewhere it needs a value: -c NAME=VALUE.",
    ),
    # E04: specs
    "E0401": ("spec without its model", '`spec for "FILE"` names the model that the spec is about.'),
    "E0402": ("spec for another model", "The spec given on the command line is for another model file."),
    "E0403": ("unknown property in a check", "A check names properties of its spec or sanitizers."),
    "E0404": ("property kind not supported", "The word is none of the kinds of properties that specs have."),
    "E0405": (
        "expectation does not fit",
        "covered and unreachable belong to cover properties, holds and violated to the others.",
    ),
    "E0406": ("check that selects nothing", "The range of a `with` is empty, or no property is named."),
    "E0407": (
        "timing does not fit",
        "Bounds in time need a timed check in which every thread has a finite slack: `timed slack k`, or `slack k` "
        "at the threads.",
    ),
    "E0408": (
        "misplaced temporal operator",
        "Temporal operators join conditions in `ltl` properties; they have no value that could be compared.",
    ),
    "E0409": (
        "wrong cost counter",
        "`bound NAME : max COUNTER` names a counter of some statement, and a statement with `cost` can wait.",
    ),
    "E0410": ("fairness for no step", "`fair` names threads, or threads at one of their labels."),
    # E05: engines, traces
    "E0501": ("stale trace", "The model changed since the trace was written; run check again to get a new one."),
    "E0502": ("not a trace", "The file is no trace of this tool or of a version it can read."),
    "E0503": ("trace does not replay", "A step of the trace is not a step of the model."),
    "E0504": ("engine not available", "The engine named is not part of this version."),
    "E0505": (
        "formula too large",
        "The automaton of a temporal formula can have exponentially many states; split the formula into properties.",
    ),
    "E0506": (
        "C compiler unusable",
        "The environment variable CC names a compiler that cannot build native code; correct it, or unset it to let "
        "the tool choose: cc, gcc, clang, tcc, and without any of them Python.",
    ),
    "E0507": (
        "checkpoint does not fit",
        "--resume DIR goes on with a search that --spill DIR has begun: the same model, properties and version, and "
        "files that nobody has changed or is using.",
    ),
    "E0508": (
        "way of searching refused",
        "A reduction or a lossy search would not keep the verdict of the property, so it is not used.",
    ),
    "E0509": (
        "not a baseline",
        "The file is no baseline of this tool; `gate --write-baseline` writes one from a run that has all verdicts.",
    ),
    "E0510": (
        "a process died",
        "A process that did part of the work ended by itself, most often because the machine ran out of memory.",
    ),
    "E0511": (
        "not a record of fingerprints",
        "The file is no record of this tool; `lint --kernel-tree DIR --record` writes one.",
    ),
    # W: warnings and lint
    "W0601": (
        "two shared reads in one expression",
        "Each read is a step of its own, left to right; another thread can run between them.",
    ),
    "W0602": (
        "result of dec_and_test ignored",
        "The last put must run its release procedure; an ignored result loses it.",
    ),
    "W0603": (
        "one step by decree",
        "atomic { }, await, assert and assume see several shared places at one instant; kernel code cannot.",
    ),
    "W0604": ("declared and never used", "The declaration has no effect on any thread or property."),
    "W0606": ("property never checked", "The property is in no check of its spec."),
    "W0607": ("result ignored", "The operation reports failure through its result."),
    "W0608": (
        "missing source reference",
        "A function or thread of a kernel model should say which kernel function it stands for.",
    ),
    "W0609": (
        "no such kernel file",
        "The kernel tree has no such file, or one that is not read; correct the reference.",
    ),
    "W0610": (
        "no such kernel name",
        "The file does not define the name in this kernel tree; correct the reference, or take another tree.",
    ),
    "W0611": (
        "kernel text changed",
        "The text is not the one that was recorded; read it, correct the model, and record it with --record.",
    ),
}
