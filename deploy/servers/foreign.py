# Reads a mail from standard input and says what is in it, as JSON.
import email, email.policy, hashlib, json, re, sys

raw = sys.stdin.buffer.read()
if raw.isascii():
    mail = email.message_from_bytes(raw, policy=email.policy.default)
else:  # a header in UTF-8 (RFC 6532), which it takes for unknown bytes
    mail = email.message_from_string(raw.decode("utf-8", "surrogateescape"), policy=email.policy.default)

def addresses(name):
    field = mail[name]
    return ", ".join(f"{a.display_name} <{a.addr_spec}>" for a in field.addresses) if field else ""

def text(kind):
    part = mail.get_body(preferencelist=(kind,))
    return part.get_content().replace("\r\n", "\n") if part else ""

headers = {}
for name, value in mail.items():
    headers.setdefault(name.lower(), str(value))
json.dump({
    "Headers": headers,
    "To": addresses("To"), "From": addresses("From"), "ReplyTo": addresses("Reply-To"),
    "Plain": text("plain"), "HTML": text("html"),
    "Files": [{"Name": p.get_filename() or "", "Type": p.get_content_type(),
               "SHA256": hashlib.sha256(p.get_payload(decode=True) or b"").hexdigest()} for p in mail.iter_attachments()]
             if mail.get_content_type() == "multipart/mixed" else [],
    "Defects": [type(d).__name__ for p in mail.walk() for d in p.defects] +
               [f"{n}: {type(d).__name__}" for n, v in mail.items() for d in getattr(v, "defects", ())],
    "LongestLine": max(len(l) for l in raw.split(b"\r\n")),
    "EightBit": any(b > 127 for b in raw),
    "BareEnds": bool(re.search(rb"\r(?!\n)|(?<!\r)\n", raw)),
}, sys.stdout)
