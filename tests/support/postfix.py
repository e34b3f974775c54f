"""A private Postfix: own configuration, queue and data folders, loopback only, two free ports.

Port `inbound` is an ordinary smtpd; port `outbound` runs with milter_macro_daemon_name=outbound, the way
deploy/postfix/ shows for a submission service. All mail for lazaret.test and outside.test goes to the
sink over LMTP. Needs root (Postfix's master starts only so) and touches nothing of the system's Postfix.
"""
import grp
import json
import os
import pwd
import re
import shutil
import subprocess

from support import net

MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {dir}/q
data_directory = {dir}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
sendmail_path = /usr/sbin/sendmail
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.lazaret.test
mydestination =
virtual_mailbox_domains = lazaret.test, outside.test
virtual_transport = lmtp:inet:127.0.0.1:{sink}
local_transport = error:no local mail
default_transport = error:no outside mail
mynetworks = 127.0.0.0/8
inet_interfaces = loopback-only
inet_protocols = {protocols}
smtpd_recipient_restrictions = reject_unauth_destination
smtpd_peername_lookup = no
disable_dns_lookups = yes
maillog_file = {dir}/maillog
maillog_file_prefixes = {dir}
alias_maps =
alias_database =
smtputf8_enable = yes
message_size_limit = 50331648
smtpd_client_connection_count_limit = 0
smtpd_milters = {milter}
non_smtpd_milters = {milter}
milter_default_action = {default_action}
milter_protocol = 6
milter_connect_timeout = 10s
milter_command_timeout = 30s
milter_content_timeout = {content_timeout}s
# Long lines reach the sink as they are, so that bodies can be compared.
lmtp_line_length_limit = 0
"""

MASTER_CF = """\
127.0.0.1:{inbound} inet n - y - - smtpd
127.0.0.1:{outbound} inet n - y - - smtpd -o milter_macro_daemon_name=outbound
pickup unix n - n 1 1 pickup
cleanup unix n - y - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - y - - trivial-rewrite
bounce unix - - y - 0 bounce
defer unix - - y - 0 bounce
trace unix - - y - 0 bounce
verify unix - - y - 1 verify
flush unix n - y 1000? 0 flush
proxymap unix - - n - - proxymap
lmtp unix - - y - - lmtp
smtp unix - - y - - smtp
error unix - - y - - error
retry unix - - y - - error
discard unix - - y - - discard
showq unix n - y - - showq
anvil unix - - y - 1 anvil
scache unix - - y - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""

# A Postfix that only hands on, as the world's servers do: it keeps what is answered 4xx and tries again.
SENDER_CF = """
smtpd_milters =
non_smtpd_milters =
virtual_transport = smtp:[127.0.0.1]:{next_hop}
smtp_tls_security_level = none
smtp_connection_cache_on_demand = no
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
transport_retry_time = 1s
default_destination_concurrency_failed_cohort_limit = 0
"""


def merged(text, more):
    names = {line.split(" ")[0] for line in more.splitlines() if line}
    return "".join(line + "\n" for line in text.splitlines() if line.split(" ")[0] not in names) + more


class Postfix:
    def __init__(self, folder, sink_port, content_timeout=60, default_action="tempfail", next_hop=None):
        # Put into main.cf in the place of lines with the same name: Postfix warns about a name that stands
        # twice, and so many warnings before its own logger runs block it for ever.
        self.more = SENDER_CF.format(next_hop=next_hop) if next_hop else ""
        self.dir = folder
        self.conf = os.path.join(folder, "conf")
        self.queue = os.path.join(folder, "q")
        self.log = os.path.join(folder, "maillog")
        self.inbound, self.outbound = net.free_ports(2)
        self.options = {"sink": sink_port, "content_timeout": content_timeout,
                        "default_action": default_action}
        self.started = False
        # How Postfix names the milter socket, and the address families it may use.
        self.milter, self.protocols = "unix:lazaret/milter.sock", "ipv4"
        # smtpd and cleanup are chrooted into the queue folder, so the socket lies below it.
        self.milter_folder = os.path.join(self.queue, "lazaret")
        self.milter_socket = os.path.join(self.milter_folder, "milter.sock")
        self.make_folders()

    def make_folders(self):
        os.makedirs(self.conf)
        os.makedirs(self.milter_folder)
        data = os.path.join(self.dir, "data")
        os.makedirs(data)
        owner = pwd.getpwnam("postfix").pw_uid
        os.chown(data, owner, -1)
        os.chmod(self.dir, 0o755)
        os.chown(self.milter_folder, -1, grp.getgrnam("postfix").gr_gid)
        os.chmod(self.milter_folder, 0o2750)

    def command(self, *arguments, check=True):
        done = subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if check and done.returncode:
            raise RuntimeError("%s: %s%s" % (" ".join(arguments), done.stdout, done.stderr))
        return done.stdout

    def start(self):
        values = dict(self.options, dir=self.dir, inbound=self.inbound, outbound=self.outbound,
                      milter=self.milter, protocols=self.protocols)
        for name, text in (("main.cf", MAIN_CF), ("master.cf", MASTER_CF)):
            with open(os.path.join(self.conf, name), "w") as out:
                out.write(merged(text.format(**values), self.more if name == "main.cf" else ""))
        self.command("postfix", "-c", self.conf, "check")
        self.command("postfix", "-c", self.conf, "start")
        self.started = True
        for port in (self.inbound, self.outbound):
            net.wait_until("postfix on port %d" % port, lambda: net.accepts(port))

    def stop(self):
        if self.started:
            self.started = False
            self.command("postfix", "-c", self.conf, "stop", check=False)

    def maillog(self):
        if not os.path.exists(self.log):
            return ""
        with open(self.log, errors="replace") as text:
            return text.read()

    def queued(self):
        """What postqueue says, one dict a message: queue_name, queue_id, sender, recipients."""
        out = self.command("postqueue", "-c", self.conf, "-j")
        return [json.loads(line) for line in out.splitlines() if line.strip()]

    def held(self):
        return [one for one in self.queued() if one["queue_name"] == "hold"]

    def release(self, queue_id):
        self.command("postsuper", "-c", self.conf, "-H", queue_id)
        self.command("postqueue", "-c", self.conf, "-i", queue_id)

    def wait_empty(self, seconds=30):
        """Until nothing but held mail is queued."""
        net.wait_until("an empty queue", lambda: all(
            one["queue_name"] == "hold" for one in self.queued()), seconds, 0.2)

    def sendmail(self, sender, recipients, text):
        """Submits through sendmail(1) and pickup, which skips smtpd."""
        environment = dict(os.environ, MAIL_CONFIG=self.conf)
        subprocess.run(["/usr/sbin/sendmail", "-C", self.conf, "-i", "-f", sender, *recipients],
                       input=text, env=environment, check=True, capture_output=True)


def is_installed():
    return os.path.exists("/usr/lib/postfix/sbin/master") and shutil.which("postfix") is not None


def queue_id(reply_text):
    """The queue id in "250 2.0.0 Ok: queued as 4XYZ", or None."""
    found = re.search(r"queued as (\S+)", reply_text)
    return found.group(1) if found else None
