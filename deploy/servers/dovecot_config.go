package servers

import (
	"os/user"
	"strconv"
	"testing"
)

// dovecotConfig serves every user name from a Maildir of its own. Blocks need
// a line for each setting. nopassword must be absent from the password
// database: even "nopassword=n" means that any password is right. The anvil
// block switches off the penalty that would delay logins after a wrong one.
const dovecotConfig = `
base_dir = $D/run
state_dir = $D/state
instance_name = t$IMAP
log_path = $D/log
protocols = imap lmtp
listen = 127.0.0.1
default_internal_user = $U
default_internal_group = $G
default_login_user = $U
mail_uid = $U
mail_gid = $G
first_valid_uid = 1
first_valid_gid = 1
mail_home = $D/mail/%u
mail_location = maildir:~/Maildir
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2 oauthbearer
auth_failure_delay = 0
mail_fsync = never
mail_max_userip_connections = 100
shutdown_clients = yes
ssl = yes
ssl_cert = <$D/cert.pem
ssl_key = <$D/key.pem
passdb {
  driver = static
  mechanisms = plain login
  args = password=$PASSWORD
}
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = $D/oauth2.conf.ext
}
userdb {
  driver = static
  args = uid=$UID gid=$GID home=$D/mail/%u allow_all_users=yes
}
namespace inbox {
  inbox = yes
  separator = /
  mailbox Processed {
    auto = create
  }
  mailbox Reports {
    auto = create
  }
}
service imap-login {
  chroot =
  inet_listener imap {
    port = $IMAP
  }
  inet_listener imaps {
    port = $TLS
    ssl = yes
  }
}
service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service auth {
  unix_listener auth-submission {
    mode = 0666
  }
}
service stats {
  chroot =
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = $LMTP
  }
}
`

func userName(t testing.TB, uid int) string {
	t.Helper()
	found, err := user.LookupId(strconv.Itoa(uid))
	must(t, err)
	return found.Username
}

func groupName(t testing.TB, gid int) string {
	t.Helper()
	found, err := user.LookupGroupId(strconv.Itoa(gid))
	must(t, err)
	return found.Name
}
