/* szymanski(N): Szymanski's mutual exclusion, every wait a scan that reads one
 * flag per step.  One d_step or assignment is one transition. */
#ifndef N
#define N 3
#endif

byte flag[N];
byte cs;

active [N] proctype P()
{	byte k;

P0:	flag[_pid] = 1;
P1:	if
	:: d_step { k < N && flag[k] < 3 -> k++ }; goto P1
	:: d_step { k == N -> k = 0 }
	fi;
	flag[_pid] = 3;
P3:	if
	:: d_step { k < N && flag[k] != 1 -> k++ }; goto P3
	:: d_step { k < N && flag[k] == 1 -> k = 0 }
	:: d_step { k == N -> k = 0 }; goto P6
	fi;
	flag[_pid] = 2;
P5:	if
	:: d_step { flag[k] != 4 -> k = (k + 1) % N }; goto P5
	:: d_step { flag[k] == 4 -> k = 0 }
	fi;
P6:	flag[_pid] = 4;
P7:	if
	:: d_step { k < _pid && flag[k] < 2 -> k++ }; goto P7
	:: d_step { k == _pid -> cs++; assert(cs == 1) }
	fi;
	d_step { cs--; k = _pid + 1 };
P9:	if
	:: d_step { k < N && (flag[k] < 2 || flag[k] > 3) -> k++ }; goto P9
	:: d_step { k == N -> k = 0; flag[_pid] = 0 }
	fi;
	goto P0
}

/* LTL: whoever has raised its flag gets through, under weak fairness. */
#ifdef LTL
ltl served { [] (flag[0] > 0 -> <> (flag[0] == 0)) }
#endif
