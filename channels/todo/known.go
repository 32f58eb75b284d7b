package todo

// remembered bounds what is known to be done: days of a flood.
const remembered = 10_000

// known are the keys of what was done, the youngest. It does not outlive the
// process: after a restart a little is done twice.
type known struct {
	keys  map[string]bool
	order []string // oldest first
}

func (k *known) has(key string) bool { return k.keys[key] }

func (k *known) add(key string) {
	if k.keys[key] {
		return
	}
	if k.keys == nil {
		k.keys = map[string]bool{}
	}
	if len(k.order) >= remembered {
		delete(k.keys, k.order[0])
		k.order = k.order[1:]
	}
	k.keys[key], k.order = true, append(k.order, key)
}
