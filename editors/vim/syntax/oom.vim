" Vim syntax file: oomcheck models (.oom) and specs (.oomspec)
" Copy to ~/.vim/syntax/oom.vim, and put into ~/.vim/ftdetect/oom.vim:
"   autocmd BufRead,BufNewFile *.oom,*.oomspec setfiletype oom

if exists("b:current_syntax")
	finish
endif

syntax keyword oomDeclaration model library source import with const param enum struct process define void softirq thread kthread env of spec for release member exempt legacy v2 daemon weak strong slack any unallocated ghost marked per_task per_group
syntax keyword oomType bool int flags rwsem spinlock mutex rcu refcount atomic waitqueue completion timer freezer
syntax keyword oomStatement if else while loop each in down to either or choose await assert assume return delay goto break continue skip cost
syntax keyword oomOperator and not implies at inside forall exists count
syntax keyword oomTemporal always eventually next until weak_until
syntax keyword oomConstant true false NULL current
syntax keyword oomProperty invariant never cover lemma deadlock_free ltl leads_to within bound max sup time fair check all except without timed untimed quick expect value because equivalent holds proved violated covered unreachable vacuous unknown

syntax match oomTemporal "\<[GFXURW]\>\|\[\]\|<>\|\~>\|<->"
syntax match oomNumber "\<\d\+\>"
syntax match oomLabel "^\s*\h\w*:\s"me=e-1
syntax match oomCall "\<\h\w*\ze("
syntax match oomReference "@\s*\"[^\"]*\""
syntax region oomString start=+"+ end=+"+ oneline
syntax match oomComment "//.*$" contains=oomTodo
syntax region oomComment start="/\*" end="\*/" contains=oomTodo
syntax keyword oomTodo TODO FIXME contained

highlight default link oomDeclaration Structure
highlight default link oomType Type
highlight default link oomStatement Statement
highlight default link oomOperator Operator
highlight default link oomTemporal Operator
highlight default link oomConstant Constant
highlight default link oomProperty PreProc
highlight default link oomNumber Number
highlight default link oomLabel Label
highlight default link oomCall Function
highlight default link oomReference SpecialComment
highlight default link oomString String
highlight default link oomComment Comment
highlight default link oomTodo Todo

let b:current_syntax = "oom"
