/* peterson(N): Peterson's N-process filter lock.  A level is left by scanning
 * the other flags one per step, or as soon as another process has taken over
 * the level's turn.  One d_step or assignment is one transition. */
#ifndef N
#define N 3
#endif

byte flag[N];
byte turn[N];
byte cs;

active [N] proctype P()
{	byte j, k;

P0:	if
	:: d_step { true -> j = 1 }
	fi;
P1:	flag[_pid] = j;
	turn[j] = _pid;
P3:	if
	:: d_step { k < N && (k == _pid || flag[k] < j) -> k++ }; goto P3
	:: d_step { j < N - 1 && (k == N || turn[j] != _pid) -> k = 0; j++ }; goto P1
	:: d_step { j == N - 1 && (k == N || turn[j] != _pid) -> k = 0; cs++; assert(cs == 1) }
	fi;
	d_step { cs--; flag[_pid] = 0; j = 0 };
	goto P0
}

/* LTL: whoever has raised its flag gets through, under weak fairness. */
#ifdef LTL
ltl served { [] (flag[0] > 0 -> <> (flag[0] == 0)) }
#endif
