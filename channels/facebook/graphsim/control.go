package graphsim

// OtherApp has another app answer a person from now on: messages of theirs come
// as standby, and nothing can be sent to them. It is put first at the page, and
// gives nothing up, when first is set.
func (s *Server) OtherApp(account, person string, first bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.thread(account, person).Other = true
	s.state.Accounts[account].Second = first
}

// takeControl gives a conversation to us if we are put first. The caller holds
// mutex.
func (s *Server) takeControl(account string, fields object) (any, *problem) {
	a, t := s.state.Accounts[account], s.state.Threads[account+"/"+text(fields["recipient"], "id")]
	switch {
	case a == nil:
		return nil, &noObject
	case t == nil:
		return nil, &noPerson
	case a.Second:
		return nil, &notFirst
	}
	t.Other = false
	return object{"success": true}, nil
}
