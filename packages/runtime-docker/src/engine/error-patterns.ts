// The error texts of engines, for cases that status and path do not distinguish. Only `docker-errors.ts` and
// `docker-error-texts.ts` read them. Each is tested with texts of real engines in `test/engine/error-patterns.test.ts`.
// Sources: moby's `daemon/`, `libnetwork/` and `errdefs/`, runc.

// runc: exec: "nosuch": executable file not found in $PATH; exec: "/nosuch": stat /nosuch: no such file or directory
export const commandNotFound: RegExp =
  /exec: \\?"[^"\\]*\\?": (executable file not found|stat [^:]*: no such file|no such file)|executable file [`'"]?[^`'"]*[`'"]? ?not found in \$PATH/i
export const commandNotExecutable: RegExp = /exec: \\?"[^"\\]*\\?": (stat [^:]*: )?(permission denied|is a directory)/i
// Podman escapes the quotes of runc.
export const commandName: RegExp = /exec: \\?"([^"\\]*)/
export const capabilitiesWithheld: RegExp = /unable to apply caps/i
export const privilegedWithUserNamespaces: RegExp = /privileged mode is incompatible with user namespaces/i
export const portTaken: RegExp = /port is already allocated|address already in use|ports are not available/i
// Docker: Address already in use. Podman: IPAM error: requested ip address 10.1.0.7 is already allocated to container ID …
export const addressTaken: RegExp = /(?:^|: )Address already in use$|requested ip address (\S+) is already allocated/
export const foreignNetworkAddress: RegExp =
  /(?:[Ii]nvalid address |requested static ip )([0-9a-fA-F.:]+?):? (?:It does not belong to any|not in any subnet)/
export const alreadyConnected: RegExp = /endpoint with name \S+ already exists in network|network is already connected/
export const notConnected: RegExp = /is not connected to (?:the )?network/
export const subnetTaken: RegExp = /pool overlaps with other one|is already used on the host or by another config/i
// Docker 28: bind host port for HOST_ADDRESS:HOST_PORT:ADDRESS:PORT/tcp, with IPv6 addresses in brackets.
export const port: RegExp =
  /(?:Bind for |bind host port for |listen (?:tcp|udp)[46]? |exposing port (?:TCP|UDP) )(?:\[\S*?\]|\S*?):(\d+)\b/i
export const poolsExhausted: RegExp = /fully subnetted|non-overlapping IPv4 address pool|could not find an available/i
export const logsUnreadable: RegExp = /does not support reading/i
// Podman: this container is using the 'none' log driver, cannot read logs
export const logsNotKept: RegExp = /is using the '?none'? log driver|is not logging output/i
// Docker 20.10: cannot join network of a non running container: ID. Docker 28: cannot join network namespace of a non running
// container: container NAME is created. For IPC: can't join IPC of container ID: container ID is not running.
export const ownerNotRunning: RegExp =
  /(?:of a non running container: (?:container )?|can't join \w+ of container \S+: container |failed to join \w+ namespace: container (?=\S+ is not running)|^container (?=[0-9a-f]{64} is not running))([\w.-]+)/i
export const notShareable: RegExp =
  /(?:can't join IPC of|joining IPC of|failed to join IPC namespace:) container ([0-9a-f]+)(?:: non-shareable| is not allowed)/i
// Podman: container ID has dependent containers which must be removed before it: ID, ID: container already exists
export const dependents: RegExp =
  /has dependent containers which must be removed before it: ([0-9a-f]{64}(?:, [0-9a-f]{64})*)/i
export const noDevice: RegExp =
  /adding custom device "([^"]*)"|container create: (?:stat|lstat) (\/dev\/[^:]*): no such file/i
export const noGpuDriver: RegExp = /could not select device driver .*gpu/i
export const unknownOciRuntime: RegExp = /unknown (?:or invalid )?runtime (?:specified |name: )(\S+)/i
export const unknownLogOption: RegExp = /unknown log opt '([^']*)'/i
export const logDriverFailed: RegExp = /failed to initialize (?:logging driver|journal): (.*)/i
export const noContainer: RegExp = /no such container|no container with name or ID/i
// Podman answers with status 500 when a container is removed during an inspection.
export const containerVanished: RegExp = /(?:does not exist|found) in database: no such container/i
export const outOfSequence: RegExp = /update out of sequence/
export const noService: RegExp = /service (\S+) not found/i
export const noSecret: RegExp = /secret (\S+) not found|secret not found: (\S+)/i
export const noConfig: RegExp = /config (\S+) not found|config not found: (\S+)/i
// secret 'a' is in use by the following services: web, db
export const fileInUse: RegExp = /(secret|config) '([^']*)' is in use by the following services?: (.+)$/
// port '8081' is already in use by service 'web' (id) as an ingress port
export const ingressPortTaken: RegExp = /port '(\d+)' is already in use by service '([^']*)'/
export const localNetwork: RegExp = /network (\S+) cannot be used with services/
export const badConstraint: RegExp = /(constraint expected one operator .*)/
// network x is in use by service web, or by task id
export const networkInUse: RegExp = /network \S+ is in use by (?:service|task) (\S+)/
export const noNetwork: RegExp = /network (?:"?([^\s":]+)"? )?not found|no such network:? ?"?([^\s"]*)"?/i
export const noVolume: RegExp = /get ([^\s:]+): no such volume|no such volume:? ?"?([^\s"]*)"?/i
export const noBindSource: RegExp = /bind source path does not exist: (.+)$/im
export const noUser: RegExp = /unable to find user ([^:\s]+)/
// runc, `libcontainer/user`: lower case for the primary group of the user, upper case for additional groups. Docker 28
// has lower case for both, see `nameGroupOption`.
export const noUserGroup: RegExp = /unable to find group ([^:\s]+)/
export const noGroup: RegExp = /(?:Unable|supplemental groups for container [^:\s]+: unable) to find group ([^:\s]+)/
// Podman: workdir "/etc/passwd" exists on container ID, but is not a directory
export const noWorkingDirectory: RegExp =
  /(?:Cannot mkdir: |workdir ")(.+?)(?:" exists on container [^,]*, but)? is not a directory/
export const unknownCapAdd: RegExp = /invalid CapAdd: unknown capability: "([^"]*)"/i
export const unknownCapDrop: RegExp = /invalid CapDrop: unknown capability: "([^"]*)"/i
// Podman does not tell whether the capability is to be added or dropped, see `explainContainerError`.
export const unknownCapability: RegExp = /"(CAP_\w+)": unknown capability/
export const badSecurityOption: RegExp = /invalid --security-opt(?: \d+)?: "([^"]*)"/i
export const badSignal: RegExp = /invalid signal: (\S+)/i
export const badContainerName: RegExp = /invalid container name \(([^)]*)\)/i
export const badVolumeName: RegExp = /create (\S+): volume name is too short/i
export const badReference: RegExp = /invalid reference format|repository name must be lowercase/i
export const unknownPlatform: RegExp = /"([^"]*)": unknown operating system or architecture/i
export const unknownLimit: RegExp = /(?:wrong rlimit value: RLIMIT_|invalid ulimit type: )(\w+)/i
export const mountMismatch: RegExp = /error mounting \\?"([^"\\]*)\\?" to rootfs at \\?"[^"]*".*: not a directory/i
// For the path of an archive that is a file, or below one. Podman: exists but is not a directory.
export const notDirectory: RegExp =
  /^extraction point is not a directory$|^(?:lstat .*: )?not a directory$|exists but is not a directory$/
export const foreignAddress: RegExp =
  /(?:bind host port for |listen (?:tcp|udp)[46]? )((?:\[\S*?\]|[^\s:]+):\d+)\S*: (?:bind: )?cannot assign requested address/i
export const noImage: RegExp = /no such image:? ?"?([^\s"]*)"?|image with reference (\S+) was found but does not match/i
export const nameTaken: RegExp =
  /already in use by container|network with name \S+ already exists|network name \S+ already used|name "?[^"]+"? (?:is )?already in use|UNIQUE constraint failed: ContainerConfig\.Name/i
export const nameHolder: RegExp = /already in use by (?:container )?"?([0-9a-f]{12,64})"?/i
// Docker, for a start: cannot start a paused container, try unpause instead
export const paused: RegExp = /is (?:already )?paused|a paused container/i
export const restarting: RegExp = /is restarting/i
export const notRunning: RegExp = /is not running|is not paused|not running|container state improper/i
// Podman and the image store of containerd read images one by one, and fail when one is removed meanwhile.
export const imageVanished: RegExp =
  /image not known|locating item named "manifest"|file does not exist|content digest .*not found/i
export const users: RegExp =
  /(?:by (?:running |stopped )?container |volume is in use - \[|endpoints? on network .*?:? )([0-9a-z_.-]+(?:, [0-9a-z_.-]+)*)/gi
export const predefinedNetwork: RegExp = /pre-?defined (?:\S+ )?network|conflicts with a valid network mode/i
// Podman, for a container that exits while it is being removed.
export const removalUnderWay: RegExp =
  /removal of container .* is already in progress|could not be stopped: .*container state improper/i
export const pullDenied: RegExp =
  /pull access denied|denied|unauthorized|manifest unknown|manifest for \S+ not found|not found: manifest/i
export const versionRefused: RegExp = /client version [\d.]+ is too (?:new|old)/i
export const versionLimit: RegExp = /(?:minimum|maximum) supported API version is ([\d.]+)/i
// Go's net/http: Client sent an HTTP request to an HTTPS server.
export const tlsExpected: RegExp = /HTTPS? (server|client)/
export const execNotStarted: RegExp = /^OCI runtime exec failed: [^\n]*\n?$/
// moby, `daemon/daemon_unix.go`. A text about swap alone does not match, because swap is not an option of the
// contract.
export const memoryDropped: RegExp = /does not support memory limit|memory limit.*discarded/i
export const cpusDropped: RegExp = /does not support CPU (CFS|cfs)|CPU (shares|cfs).*discarded/i
export const pidsDropped: RegExp = /pids limit.*discarded/i
// Docker: returned a non-zero code: 1. Buildah: exit status 9.
export const buildExitCode: RegExp = /(?:returned a non-zero code: |exit (?:status|code):? )(\d+)/
export const endingExitCode: RegExp = /(?:returned a non-zero code: |exit (?:status|code):? )\d+\s*$/
// moby, `daemon/cluster/executor/container/errors.go`: task: non-zero exit (5). A reason may follow after a colon.
export const taskExitCode: RegExp = /^task: non-zero exit \((\d+)\)/
export const connectionEnded: RegExp = /^(aborted|socket hang up|Premature close|the connection was closed)/
