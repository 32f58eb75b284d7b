package kafka

// Login shows tests the login of a config.
type Login = login
