package servers

// postfixMain is main.cf. Every domain is a virtual one whose mailboxes Dovecot
// has; what is known of the outside (DNS, other transports, the machine's own
// aliases) is switched off. A mail that Dovecot does not take is tried again
// each second.
const postfixMain = `
compatibility_level = 3.6
queue_directory = $D/queue
data_directory = $D/data
maillog_file = $D/log
maillog_file_prefixes = $D
myhostname = mail.test
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_dns_support_level = disabled
alias_maps =
alias_database =
local_recipient_maps =
default_transport = error:5.4.4 This server has no way out
virtual_mailbox_domains = static:all
$DELIVERY
transport_maps = regexp:$D/bounce
message_size_limit = $SIZE
mailbox_size_limit = 0
virtual_mailbox_limit = 0
smtpd_reject_unlisted_recipient = no
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = check_recipient_access regexp:$D/refuse, permit_sasl_authenticated, reject
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = $MAILBOXES/run/auth-submission
smtpd_tls_auth_only = yes
smtpd_tls_security_level = encrypt
smtpd_tls_cert_file = $MAILBOXES/cert.pem
smtpd_tls_key_file = $MAILBOXES/key.pem
smtpd_peername_lookup = no
smtpd_error_sleep_time = 0
in_flow_delay = 0
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 1s
`

// postfixByLMTP hands mails to Dovecot, postfixByItself writes them into its
// mailboxes, tagged addresses included as Dovecot does.
const (
	postfixByLMTP   = `virtual_transport = lmtp:inet:$LMTP`
	postfixByItself = `
virtual_transport = virtual
virtual_mailbox_base = $MAILBOXES/mail
virtual_mailbox_maps = texthash:$D/maildirs
virtual_uid_maps = static:$UID
virtual_gid_maps = static:$GID
recipient_delimiter = +`
)

// postfixServices is master.cf: what listens, and what Postfix is made of, none
// of it in a chroot.
const postfixServices = `
$SUBMISSION inet n - n - - smtpd
$SMTPS inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
lmtp unix - - n - - lmtp
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`
