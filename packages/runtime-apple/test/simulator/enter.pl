# Runs a program of a simulated container: `perl enter.pl SPEC`, in the namespaces of that container.
# Reports on file descriptor 3, or in the file `status`, that the program is about to run, or why it cannot. SPEC is a file of keys
# and values, each ended by NUL.
use strict;

my %spec;
{
  open(my $file, '<:raw', $ARGV[0]) or die "no spec";
  local $/;
  my @parts = split /\0/, <$file>, -1;
  while (@parts > 1) { my ($key, $value) = splice @parts, 0, 2; push @{$spec{$key}}, $value }
}
unlink $ARGV[0];
# At a terminal the status is written to a file, because there is no third descriptor.
my $status;
($spec{status} ? open($status, '>>', $spec{status}[0]) : open($status, '>&=', 3)) or die "no status";
fcntl($status, 2, 1);
my %numbers = $spec{arch}[0] eq 'arm64' ? (mount => 40, prctl => 167, unshare => 97) : (mount => 165, prctl => 157, unshare => 272);
my ($root) = @{$spec{root}};

# New namespaces for mounts, IPC, host name, processes and network. Their first process is a child of this one.
if ($spec{setup}) {
  syscall($numbers{unshare}, 0x6c020000) == 0 or fail(125, "unshare: $!");
  my $child = fork // fail(125, "fork: $!");
  if ($child) {
    close $status;
    waitpid $child, 0;
    exit($? & 127 ? 128 + ($? & 127) : $? >> 8);
  }
  syscall($numbers{prctl}, 1, 9, 0, 0, 0); # The child is killed when its parent ends.
  mount_at('', '/', '', 16384 | 262144);
}

if ($spec{setup}) {
  mount_at($root, $root, '', 4096) if $spec{readonly};
  mkdir "$root/$_" for qw(proc dev);
  mount_at('proc', "$root/proc", 'proc', 0);
  mount_at('/dev', "$root/dev", '', 4096 | 16384);
  for my $mount (@{$spec{mount} // []}) {
    my ($mode, $source, $target) = split /\t/, $mount;
    if ($mode eq 'tmpfs') { mount_at('tmpfs', "$root$target", 'tmpfs', 0, $source); next }
    mount_at($source, "$root$target", '', 4096);
    mount_at('', "$root$target", '', 4096 | 32 | 1) if $mode eq 'ro';
  }
  mount_at('', $root, '', 4096 | 32 | 1) if $spec{readonly};
  # Brings up the loopback interface of the new network namespace.
  socket(my $socket, 2, 2, 0);
  ioctl($socket, 0x8914, my $request = pack('a16 s x22', 'lo', 0x41));
}

chroot $root or fail(125, "chroot: $!");
chdir($spec{directory}[0]) or (make_directory($spec{directory}[0]), chdir $spec{directory}[0]) or fail(125, "chdir: $!");
syscall($numbers{prctl}, 24, $_ + 0, 0, 0, 0) for @{$spec{drop} // []};
my ($uid, $gid) = ($spec{uid}[0], $spec{gid}[0]);
$) = join ' ', $gid, $gid, @{$spec{group} // []};
$( = $gid;
($<, $>) = ($uid, $uid);
%ENV = map { split /=/, $_, 2 } @{$spec{env} // []};
my @argv = @{$spec{argv}};
my $program = find($argv[0]) // fail(127, 'no such file');
fail(126, 'permission denied') unless -f $program && -x _;
if ($spec{init}) {
  my $child = fork // fail(125, "fork: $!");
  if ($child) {
    syswrite $status, "0 ready\n";
    $SIG{$_} = do { my $name = $_; sub { kill $name, $child } } for qw(TERM INT HUP QUIT USR1 USR2);
    while ((my $pid = waitpid(-1, 0)) != -1 || $! == 4) { # EINTR
      exit($? & 127 ? 128 + ($? & 127) : $? >> 8) if $pid == $child;
    }
    exit 1;
  }
} else {
  syswrite $status, "0 ready\n";
}
exec { $program } @argv or fail(126, "exec: $!");

sub find {
  my ($name) = @_;
  return -e $name ? $name : undef if $name =~ m{/};
  my ($found) = grep { -f && -x _ } map { "$_/$name" } split /:/, $ENV{PATH} // '/bin:/usr/bin:/sbin:/usr/sbin';
  return $found;
}

sub make_directory {
  my $path = '';
  for my $part (grep { length } split m{/}, shift) { $path .= "/$part"; mkdir $path }
}

sub mount_at {
  my ($source, $target, $type, $flags, $options) = @_;
  syscall($numbers{mount}, "$source", "$target", "$type", $flags, ($options // '') eq '' ? 0 : "$options") == 0 or fail(125, "mount of $target: $!");
}

sub fail {
  my ($code, $text) = @_;
  syswrite $status, "$code $text\n";
  exit $code;
}
