package email

import _ "embed"

//go:embed sample.yaml
var sample string

// Sample is the annotated configuration of this package, YAML, to be indented
// below channels.
func Sample() string { return sample }

// WithDefaults returns the config with every unset value filled.
func (c Config) WithDefaults() Config {
	accounts := make([]Account, len(c.Accounts))
	for i, account := range c.Accounts {
		accounts[i] = account.withDefaults()
	}
	c.Accounts = accounts
	return c
}

// AccountNames lists the configured accounts.
func (ch *Channel) AccountNames() []string {
	names := make([]string, len(ch.accounts))
	for i, account := range ch.accounts {
		names[i] = account.Name
	}
	return names
}
