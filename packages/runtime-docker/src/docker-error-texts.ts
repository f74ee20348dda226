/**
 * The engine's words, where status and endpoint do not tell enough. One table: each line is matched against words of a
 * real engine in `test/docker-error-texts.test.ts`. Sources: moby's `daemon/`, `libnetwork/` and `errdefs/`, runc.
 */
export const texts: {
  readonly [K in TextName]: RegExp
} = {
  // runc: exec: "nosuch": executable file not found in $PATH; exec: "/nosuch": stat /nosuch: no such file or directory
  commandNotFound:
    /exec: \\?"[^"\\]*\\?": (executable file not found|stat [^:]*: no such file|no such file)|executable file [`'"]?[^`'"]*[`'"]? ?not found in \$PATH/i,
  commandNotExecutable: /exec: \\?"[^"\\]*\\?": (stat [^:]*: )?(permission denied|is a directory)/i,
  // Podman quotes the quotes of runc.
  commandName: /exec: \\?"([^"\\]*)/,
  capabilitiesWithheld: /unable to apply caps/i,
  privilegedWithUserNamespaces: /privileged mode is incompatible with user namespaces/i,
  portTaken: /port is already allocated|address already in use|ports are not available/i,
  port: /(?:Bind for |listen (?:tcp|udp)[46]? |exposing port (?:TCP|UDP) )\S*?:(\d+)\b/i,
  poolsExhausted: /fully subnetted|non-overlapping IPv4 address pool|could not find an available/i,
  logsUnreadable: /does not support reading/i,
  noContainer: /no such container|no container with name or ID/i,
  // Podman, of one that was removed while it was looked at: with status 500.
  containerVanished: /does not exist in database: no such container/i,
  noNetwork: /network (?:"?([^\s":]+)"? )?not found|no such network:? ?"?([^\s"]*)"?/i,
  noVolume: /get ([^\s:]+): no such volume|no such volume:? ?"?([^\s"]*)"?/i,
  noBindSource: /bind source path does not exist: (.+)$/im,
  noUser: /unable to find user ([^:\s]+)/,
  // runc, `libcontainer/user`: a small letter for the group of the user, a capital one for further groups.
  noUserGroup: /unable to find group ([^:\s]+)/,
  noGroup: /Unable to find group ([^:\s]+)/,
  noWorkingDirectory: /Cannot mkdir: (.+) is not a directory/,
  unknownCapAdd: /invalid CapAdd: unknown capability: "([^"]*)"/i,
  unknownCapDrop: /invalid CapDrop: unknown capability: "([^"]*)"/i,
  badSecurityOption: /invalid --security-opt(?: \d+)?: "([^"]*)"/i,
  badSignal: /invalid signal: (\S+)/i,
  badContainerName: /invalid container name \(([^)]*)\)/i,
  badVolumeName: /create (\S+): volume name is too short/i,
  badReference: /invalid reference format/i,
  unknownPlatform: /"([^"]*)": unknown operating system or architecture/i,
  unknownLimit: /wrong rlimit value: RLIMIT_(\w+)/i,
  mountMismatch: /error mounting "([^"]*)" to rootfs at "[^"]*".*: not a directory/i,
  foreignAddress: /listen (?:tcp|udp)[46]? (\S+): bind: cannot assign requested address/i,
  noImage: /no such image:? ?"?([^\s"]*)"?|image with reference (\S+) was found but does not match/i,
  nameTaken:
    /already in use by container|network with name \S+ already exists|network name \S+ already used|name "?[^"]+"? is already in use/i,
  nameHolder: /already in use by (?:container )?"?([0-9a-f]{12,64})"?/i,
  paused: /is paused/i,
  restarting: /is restarting/i,
  notRunning: /is not running|is not paused|not running|container state improper/i,
  // Podman looks at images one after the other, and fails where one is removed meanwhile.
  imageVanished: /image not known|locating item named "manifest"|file does not exist/i,
  users:
    /(?:by (?:running |stopped )?container |volume is in use - \[|endpoints? on network .*?:? )([0-9a-z_.-]+(?:, [0-9a-z_.-]+)*)/gi,
  predefinedNetwork: /pre-?defined (?:\S+ )?network/i,
  // Podman, of one that ends by itself while it is removed.
  removalUnderWay: /removal of container .* is already in progress|could not be stopped: .*container state improper/i,
  pullDenied: /pull access denied|denied|unauthorized|manifest unknown|manifest for \S+ not found|not found: manifest/i,
  versionRefused: /client version [\d.]+ is too (?:new|old)/i,
  versionLimit: /(?:minimum|maximum) supported API version is ([\d.]+)/i,
  connectionEnded: /^(aborted|socket hang up|Premature close|the connection was closed)/,
}

type TextName =
  | 'commandNotFound'
  | 'commandNotExecutable'
  | 'commandName'
  | 'capabilitiesWithheld'
  | 'privilegedWithUserNamespaces'
  | 'portTaken'
  | 'port'
  | 'poolsExhausted'
  | 'logsUnreadable'
  | 'noContainer'
  | 'containerVanished'
  | 'noNetwork'
  | 'noVolume'
  | 'noBindSource'
  | 'noUser'
  | 'noUserGroup'
  | 'noGroup'
  | 'noWorkingDirectory'
  | 'unknownCapAdd'
  | 'unknownCapDrop'
  | 'badSecurityOption'
  | 'badSignal'
  | 'badContainerName'
  | 'badVolumeName'
  | 'badReference'
  | 'unknownPlatform'
  | 'unknownLimit'
  | 'mountMismatch'
  | 'foreignAddress'
  | 'noImage'
  | 'nameTaken'
  | 'nameHolder'
  | 'paused'
  | 'restarting'
  | 'notRunning'
  | 'imageVanished'
  | 'users'
  | 'predefinedNetwork'
  | 'removalUnderWay'
  | 'pullDenied'
  | 'versionRefused'
  | 'versionLimit'
  | 'connectionEnded'
