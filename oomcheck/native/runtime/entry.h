/* The operations on table entries, once for each width: ENTRY is the type, NAME(f) the name of function f. */

static inline ENTRY NAME(tag)(const struct visited *set, uint64_t hash)
{
	/* The slot is made of the highest bits of the hash; the tag should not repeat them. */
	uint64_t turned = sizeof(ENTRY) == 4 ? hash : hash << 32 | hash >> 32;

	return (ENTRY)turned & ~(ENTRY)set->mask;
}

/* Number of a state, which is added if it is new: then *fresh is set and `tail` moves on. */
static inline __attribute__((always_inline)) uint64_t NAME(insert)(struct visited *set, struct tail *tail,
								   const uint64_t *state, uint64_t hash, bool shared,
								   bool *fresh)
{
	ENTRY *table = set->table, tag = NAME(tag)(set, hash);
	uint64_t slot = hash >> (64 - set->log2);
	bool written = false;

	if (tail->next == tail->end)
		tail_refill(set, tail);
	for (;; slot = (slot + 1) & set->mask) {
		ENTRY entry = shared ? __atomic_load_n(&table[slot], __ATOMIC_ACQUIRE) : table[slot];

		if (!entry) {
			ENTRY mine = tag | (ENTRY)(tail->next + 1);

			if (!written)
				state_store(set->log.base + tail->next * set->packing.stride, state, set->packing);
			written = true;
			if (!shared)
				table[slot] = mine;
			if (!shared || __atomic_compare_exchange_n(&table[slot], &entry, mine, false, __ATOMIC_RELEASE,
								   __ATOMIC_ACQUIRE)) {
				*fresh = true;
				return tail->next++;
			}
		}
		if ((entry & ~(ENTRY)set->mask) == tag) {
			uint64_t number = (entry & set->mask) - 1;

			if (state_equal(state, visited_at(set, number), set->packing)) {
				*fresh = false;
				return number;
			}
		}
	}
}

/* Number of a state, or NOWHERE. One that is inserted meanwhile may be missed. */
static inline uint64_t NAME(find)(const struct visited *set, const uint64_t *state, uint64_t hash)
{
	const ENTRY *table = set->table;
	ENTRY tag = NAME(tag)(set, hash), entry;

	for (uint64_t slot = hash >> (64 - set->log2); (entry = __atomic_load_n(&table[slot], __ATOMIC_ACQUIRE));
	     slot = (slot + 1) & set->mask) {
		uint64_t number = (entry & set->mask) - 1;

		if ((entry & ~(ENTRY)set->mask) == tag && state_equal(state, visited_at(set, number), set->packing))
			return number;
	}
	return NOWHERE;
}

/* Enter a state that is not in the table. */
static inline void NAME(enter)(struct visited *set, uint64_t hash, uint64_t number)
{
	ENTRY *table = set->table, mine = NAME(tag)(set, hash) | (ENTRY)(number + 1);

	for (uint64_t slot = hash >> (64 - set->log2);; slot = (slot + 1) & set->mask) {
		ENTRY empty = 0;

		if (!__atomic_load_n(&table[slot], __ATOMIC_RELAXED) &&
		    __atomic_compare_exchange_n(&table[slot], &empty, mine, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return;
	}
}
