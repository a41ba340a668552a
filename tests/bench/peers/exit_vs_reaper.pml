/* exit_vs_reaper(N,K,R,S,F,FP,REV,BUG)
 * A victim in exit_mmap() against the OOM reaper, an OOM killer, the reaper's
 * delay timer and a freezer.  One d_step (or one guarded statement) below is
 * one transition; the Murphi and TLA+ files have the same transitions under
 * the same names.
 *   N   VMAs                       K   pages in each VMA
 *   R   trylock attempts of the reaper (MAX_OOM_REAP_RETRIES)
 *   S   times a nonblocking notifier may fail, so that a VMA is skipped and
 *       the reap is retried
 *   F   freeze/thaw rounds         FP  mask of freeze points in the victim
 *                                      1 before exit_mmap, 2 between VMAs,
 *                                      4 before the write lock
 *   REV 1: reaper walks backwards  BUG 1: exit_mmap does not wait for readers
 */
#ifndef N
#define N 2
#endif
#ifndef K
#define K 2
#endif
#ifndef R
#define R 2
#endif
#ifndef S
#define S 1
#endif
#ifndef F
#define F 1
#endif
#ifndef FP
#define FP 7
#endif
#ifndef REV
#define REV 0
#endif
#ifndef BUG
#define BUG 0
#endif
#if REV
#define FIRST (N-1)
#define LAST  0
#define NEXT  rj--
#else
#define FIRST 0
#define LAST  (N-1)
#define NEXT  rj++
#endif

byte rd;		/* mmap_lock: readers  */
bit  wr;		/* mmap_lock: a writer */
byte pte[N];		/* PTE lock: 0 free, 1 victim, 2 reaper */
byte pg[N] = K;		/* pages still mapped */
bit  oskip;		/* MMF_OOM_SKIP */
bit  unst;		/* MMF_UNSTABLE */
byte ptf;		/* page tables freed */
bit  killed, killed2, exited, rq, frz, frozen;
byte tmr;
bit  walking;		/* the reaper is between R3 and R8 */

active proctype victim()
{	byte vi;

	killed;
V1:	if
	:: d_step { (FP & 1) && frz -> frozen = 1 };
	   d_step { !frz -> frozen = 0 };
	   goto V1
	:: !((FP & 1) && frz)
	fi;
	d_step { wr == 0 -> rd++; assert(wr == 0) };
V3:	if
	:: d_step { vi < N && pte[vi] == 0 -> pte[vi] = 1 }
	:: d_step { vi == N -> vi = 0 }; goto V7
	fi;
V4:	if
	:: d_step { pg[vi] > 0 -> pg[vi]-- }; goto V4
	:: d_step { pg[vi] == 0 -> assert(pte[vi] == 1); pte[vi] = 0 }
	fi;
V5:	if
	:: d_step { (FP & 2) && frz -> frozen = 1 };
	   d_step { !frz -> frozen = 0 };
	   goto V5
	:: d_step { !((FP & 2) && frz) -> vi++ }; goto V3
	fi;
V7:	rd--;
	oskip = 1;
V8:	if
	:: d_step { (FP & 4) && frz -> frozen = 1 };
	   d_step { !frz -> frozen = 0 };
	   goto V8
	:: !((FP & 4) && frz)
	fi;
	d_step { (rd == 0 || BUG) && wr == 0 -> wr = 1; assert(BUG || rd == 0) };
V10:	if
	:: d_step { ptf < N -> ptf++; assert(!walking) }; goto V10
	:: d_step { ptf == N -> wr = 0 }
	fi;
	exited = 1;
end_v:	false
}

active proctype reaper()
{	byte rj, att, sk;
	bit fail;

end_r:	if
	:: d_step { rq -> rq = 0 }
	fi;
R1:	if
	:: d_step { att < R && wr == 0 -> rd++; assert(wr == 0) }; goto R3
	:: d_step { att < R && wr == 1 -> att++ }
	:: att == R; goto R9
	fi;
R2:	true; goto R1;
R3:	if
	:: oskip; goto R8
	:: d_step { !oskip -> unst = 1; walking = 1; rj = FIRST; assert(ptf == 0) }
	fi;
R4:	if
	:: d_step { pte[rj] == 0 -> pte[rj] = 2 }
	:: d_step { sk < S -> sk++; fail = 1 }; goto R6
	fi;
R5:	if
	:: d_step { pg[rj] > 0 -> pg[rj]--; assert(ptf == 0) }; goto R5
	:: d_step { pg[rj] == 0 -> assert(pte[rj] == 2); pte[rj] = 0 }
	fi;
R6:	if
	:: d_step { rj != LAST -> NEXT }; goto R4
	:: d_step { rj == LAST -> rj = 0; walking = 0 }
	fi;
R8:	if
	:: d_step { fail -> fail = 0; rd--; att++ }; goto R2
	:: d_step { !fail -> rd-- }
	fi;
R9:	if
	:: d_step { true -> oskip = 1; att = 0 }
	fi;
	goto end_r
}

active proctype killer()
{	killed = 1;
	tmr = 1;
	if
	:: exited
	:: d_step { !exited && oskip -> killed2 = 1 }
	fi;
end_k:	false
}

active proctype timer()
{	d_step { tmr == 1 -> tmr = 2 };
	rq = 1;
end_t:	false
}

active proctype freezer()
{	byte fc;

end_f:	do
	:: d_step { fc < F -> fc++; frz = 1 };
	   frz = 0
	od
}

/* LTL: a victim that is killed exits, under weak fairness. */
#ifdef LTL
ltl exits { [] (killed -> <> exited) }
#endif
