package xtest

// Newer switches to the dialect in which posts are called posts.
func (s *Server) Newer(newer bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.newer = newer
}

// Plan closes versions of the API to the application.
func (s *Server) Plan(v1, v2 bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.closed1, s.closed2 = !v1, !v2
}

// Form sets how deliveries are written.
func (s *Server) Form(form Form) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.form = form
}
