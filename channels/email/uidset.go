package email

import "slices"

// uidSet is a set of UIDs, as ranges: a folder's UIDs are nearly without gaps.
// The zero value is empty.
type uidSet struct{ ranges []uidRange } // ascending, apart

type uidRange struct{ first, last uint32 }

// find returns where uid is, or where it would go.
func (s *uidSet) find(uid uint32) (int, bool) {
	return slices.BinarySearchFunc(s.ranges, uid, func(r uidRange, uid uint32) int {
		switch {
		case r.last < uid:
			return -1
		case r.first > uid:
			return 1
		default:
			return 0
		}
	})
}

func (s *uidSet) has(uid uint32) bool {
	_, found := s.find(uid)
	return found
}

func (s *uidSet) add(uid uint32) {
	at, found := s.find(uid)
	if found {
		return
	}
	after := at > 0 && s.ranges[at-1].last+1 == uid
	before := at < len(s.ranges) && s.ranges[at].first == uid+1
	switch {
	case after && before:
		s.ranges[at-1].last = s.ranges[at].last
		s.ranges = slices.Delete(s.ranges, at, at+1)
	case after:
		s.ranges[at-1].last = uid
	case before:
		s.ranges[at].first = uid
	default:
		s.ranges = slices.Insert(s.ranges, at, uidRange{uid, uid})
	}
}
