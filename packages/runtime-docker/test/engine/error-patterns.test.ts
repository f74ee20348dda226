import { describe, expect, test } from 'vitest'
import * as patterns from '../../src/engine/error-patterns.js'

const texts = { ...patterns }

const portTakenOn28 =
  'failed to set up container networking: driver failed programming external connectivity on endpoint x (abc): failed to bind host port for 127.0.0.1:45999:172.17.0.2:8080/tcp: address already in use'
const foreignAddressOn28 =
  'failed to set up container networking: driver failed programming external connectivity on endpoint x (abc): failed to bind host port for 192.0.2.7:45998:172.17.0.2:8080/tcp: cannot assign requested address'
const foreignIpv6AddressOn28 =
  'failed to bind host port for [2001:db8::7]:45998:172.17.0.2:8080/tcp: cannot assign requested address'
const missingGroupOnPodman =
  'looking up supplemental groups for container 0123: unable to find group nosuch: no matching entries in group file'

const fullId = '83f9dca3bb90d2d5085a8eb961e504bdb99b8a79163e212fa0fe44398f6e71e9'

/** Texts of real engines: Docker 20.10, 24 to 28, and Podman. */
const samples: {
  readonly [K in keyof typeof texts]: { readonly yes: readonly string[]; readonly no?: readonly string[] }
} = {
  outOfSequence: { yes: ['update out of sequence'] },
  noService: { yes: ['service web not found'], no: ['network web not found'] },
  noSecret: { yes: ['secret token not found', 'secret not found: token'] },
  noConfig: { yes: ['config settings not found', 'config not found: settings'] },
  fileInUse: {
    yes: [
      "secret 'token' is in use by the following service: web",
      "config 'settings' is in use by the following services: web, db",
    ],
  },
  ingressPortTaken: { yes: ["port '8081' is already in use by service 'web' (id) as an ingress port"] },
  localNetwork: {
    yes: ['The network local cannot be used with services. Only networks scoped to the swarm can be used, such as …'],
  },
  badConstraint: { yes: ['constraint expected one operator from ==, !='] },
  networkInUse: { yes: ['network ov is in use by service web', 'network ov is in use by task 7x'] },
  commandNotFound: {
    yes: [
      'OCI runtime create failed: container_linux.go:380: starting container process caused: exec: "nosuch": executable file not found in $PATH: unknown',
      'failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "/nosuch": stat /nosuch: no such file or directory: unknown',
      String.raw`time="2026-01-01T00:00:00Z" level=error msg="runc create failed: unable to start container process: exec: \"/nosuch\": stat /nosuch: no such file or directory": OCI runtime attempted to invoke a command that was not found`,
      'crun: executable file `nosuch` not found in $PATH: No such file or directory: OCI runtime attempted to invoke a command that was not found',
    ],
    no: [
      'invalid mount config for type "bind": bind source path does not exist: /nosuch',
      'open /x: no such file or directory',
    ],
  },
  commandNotExecutable: {
    yes: [
      'OCI runtime create failed: container_linux.go:380: starting container process caused: exec: "/etc/passwd": permission denied: unknown',
      'runc create failed: unable to start container process: exec: "/tmp": is a directory: unknown',
      String.raw`level=error msg="runc create failed: unable to start container process: exec: \"/etc/passwd\": permission denied": OCI permission denied`,
    ],
    no: ['dial unix /var/run/docker.sock: connect: permission denied', 'mkdir /x: permission denied'],
  },
  commandName: {
    yes: ['exec: "nosuch": executable file not found in $PATH', String.raw`exec: \"/nosuch\": stat /nosuch`],
  },
  capabilitiesWithheld: {
    yes: [
      'container_linux.go:380: starting container process caused: apply caps: unable to apply caps: operation not permitted',
    ],
  },
  privilegedWithUserNamespaces: {
    yes: [
      'privileged mode is incompatible with user namespaces.  You must run the container in the host namespace when running privileged mode',
    ],
  },
  portTaken: {
    yes: [
      'driver failed programming external connectivity on endpoint x (abc): Bind for 127.0.0.1:8080 failed: port is already allocated',
      'driver failed programming external connectivity on endpoint x (abc): Error starting userland proxy: listen tcp4 0.0.0.0:80: bind: address already in use',
      portTakenOn28,
    ],
  },
  addressTaken: {
    yes: [
      'Address already in use',
      'failed to set up container networking: Address already in use',
      'IPAM error: requested ip address 10.231.1.77 is already allocated to container ID 2e2ad1cea582d9ee',
    ],
    no: ['listen tcp4 0.0.0.0:80: bind: address already in use', portTakenOn28],
  },
  foreignNetworkAddress: {
    yes: [
      "Invalid address 10.99.1.77: It does not belong to any of this network's subnets",
      "invalid address 10.99.1.77: It does not belong to any of this network's subnets",
      'requested static ip 10.99.1.77 not in any subnet on network inside',
    ],
  },
  alreadyConnected: {
    yes: [
      'endpoint with name web already exists in network inside',
      'container 58bf0d430554 is already connected to network "inside": network is already connected',
    ],
  },
  notConnected: {
    yes: [
      'container 1b7561d11297 is not connected to network inside',
      'container 06f98c90b670 is not connected to the network inside',
    ],
  },
  subnetTaken: {
    yes: [
      'Pool overlaps with other one on this address space',
      'subnet 10.231.1.0/25 is already used on the host or by another config',
    ],
  },
  port: {
    yes: ['Bind for 127.0.0.1:8080 failed', 'listen tcp4 0.0.0.0:80: bind', 'listen tcp [::]:80: bind', portTakenOn28],
  },
  poolsExhausted: {
    yes: [
      'could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network',
      'all predefined address pools have been fully subnetted',
    ],
  },
  logsNotKept: {
    yes: ["this container is using the 'none' log driver, cannot read logs: this container is not logging output"],
  },
  ownerNotRunning: {
    yes: [
      `cannot join network of a non running container: ${fullId}`,
      `can't join IPC of container ${fullId}: container ${fullId} is not running`,
      `container ${fullId} is not running`,
      'cannot join network namespace of a non running container: container beautiful_lumiere is created',
      `failed to join PID namespace: container ${fullId} is not running`,
    ],
    no: ['container is not running', 'container web is not running', `Container ${fullId} is paused`],
  },
  notShareable: {
    yes: [
      `can't join IPC of container ${fullId}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
      `joining IPC of container ${fullId} is not allowed: non-shareable IPC`,
      `failed to join IPC namespace: container ${fullId}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
    ],
  },
  dependents: {
    yes: [
      `container ${fullId} has dependent containers which must be removed before it: ${fullId}: container already exists`,
    ],
  },
  noDevice: {
    yes: [
      'error gathering device information while adding custom device "/dev/nosuch": no such file or directory',
      'container create: stat /dev/nosuch: no such file or directory',
    ],
  },
  noGpuDriver: { yes: ['could not select device driver "" with capabilities: [[gpu]]'] },
  unknownOciRuntime: {
    yes: ['Unknown runtime specified nosuch', 'unknown or invalid runtime name: nosuch'],
  },
  unknownLogOption: { yes: ["unknown log opt 'no-such' for json-file log driver"] },
  logDriverFailed: {
    yes: [
      'failed to initialize logging driver: journald is not enabled on this host',
      'container create: failed to initialize journal: write unixgram @b3a6f->/run/systemd/journal/socket',
    ],
  },
  logsUnreadable: { yes: ['configured logging driver does not support reading'] },
  noContainer: { yes: ['No such container: x', 'no container with name or ID "x" found: no such container'] },
  containerVanished: {
    yes: [
      'container 0123 does not exist in database: no such container',
      'no container with ID 0123 found in database: no such container',
    ],
  },
  noNetwork: { yes: ['network x not found', 'No such network: x'], no: ['page not found'] },
  noVolume: { yes: ['get x: no such volume', 'No such volume: x'] },
  noBindSource: { yes: ['invalid mount config for type "bind": bind source path does not exist: /nosuch dir'] },
  noUser: { yes: ['unable to find user nosuch: no matching entries in passwd file'] },
  noUserGroup: {
    yes: ['unable to find group nosuch: no matching entries in group file'],
    no: ['Unable to find group nosuch: no matching entries in group file'],
  },
  noGroup: {
    yes: ['Unable to find group nosuch: no matching entries in group file', missingGroupOnPodman],
    no: ['unable to find group nosuch: no matching entries in group file'],
  },
  unknownCapAdd: {
    yes: ['invalid CapAdd: unknown capability: "CAP_NOSUCH"'],
    no: ['invalid CapDrop: unknown capability: "CAP_NOSUCH"'],
  },
  unknownCapDrop: {
    yes: ['invalid CapDrop: unknown capability: "CAP_NOSUCH"'],
    no: ['invalid CapAdd: unknown capability: "CAP_NOSUCH"'],
  },
  unknownCapability: {
    yes: ['container create: "CAP_NOSUCH": unknown capability'],
    no: ['invalid CapAdd: unknown capability: "CAP_NOSUCH"'],
  },
  badSecurityOption: { yes: ['invalid --security-opt 2: "nosuch=1"', 'invalid --security-opt: "nosuch"'] },
  badSignal: { yes: ['Invalid signal: SIGFOO'] },
  badContainerName: { yes: ['Invalid container name (a), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed'] },
  badVolumeName: {
    yes: ['create a: volume name is too short, names should be at least two alphanumeric characters'],
  },
  badReference: {
    yes: [
      'invalid reference format: repository name must be lowercase',
      'normalizing image: normalizing name for compat API: parsing reference "UPPER": repository name must be lowercase',
    ],
  },
  unknownPlatform: { yes: ['"nosuch": unknown operating system or architecture: invalid argument'] },
  unknownLimit: {
    yes: [
      'OCI runtime create failed: runc create failed: wrong rlimit value: RLIMIT_NOSUCH: unknown',
      'ulimit option "nosuch=1:1" requires name=SOFT:HARD, failed to be parsed: invalid ulimit type: nosuch',
    ],
  },
  mountMismatch: {
    yes: [
      String.raw`error mounting \"/etc/hostname\" to rootfs at \"/etc\": mount src=/etc/hostname, dst=/etc, flags=MS_BIND|MS_REC: not a directory`,
      'error during container init: error mounting "/etc/hostname" to rootfs at "/etc": mount /etc/hostname:/etc (via /proc/self/fd/6), flags: 0x5000: not a directory: unknown',
    ],
    no: ['error mounting "/a" to rootfs at "/b": mount /a:/b, flags: 0x5000: permission denied: unknown'],
  },
  notDirectory: {
    yes: [
      'extraction point is not a directory',
      'not a directory',
      'lstat /var/lib/docker/overlay2/b442/merged/etc/passwd/x: not a directory',
      'copier: put: /etc/f (/etc/f): exists but is not a directory',
    ],
    no: ['Cannot mkdir: /etc/passwd is not a directory'],
  },
  foreignAddress: {
    yes: [
      'Error starting userland proxy: listen tcp4 1.2.3.4:32777: bind: cannot assign requested address',
      foreignAddressOn28,
    ],
    no: [portTakenOn28, 'Error starting userland proxy: listen tcp4 0.0.0.0:80: bind: address already in use'],
  },
  noWorkingDirectory: {
    yes: [
      'Cannot mkdir: /etc/passwd is not a directory',
      'workdir "/etc/passwd" exists on container 0123, but is not a directory',
    ],
  },
  noImage: {
    yes: [
      'No such image: x:1',
      'image with reference x:1 was found but does not match the specified platform: wanted linux/arm64, actual: linux/amd64',
    ],
  },
  nameTaken: {
    yes: [
      'Conflict. The container name "/x" is already in use by container "0123456789abcdef". You have to remove (or rename) that container to be able to reuse that name.',
      'network with name x already exists',
      'network name x already used: network already exists',
      'creating container storage: the container name "x" is already in use by 0123456789abcdef. You have to remove that container to be able to reuse that name: that name is already in use',
      'renaming container 0123: updating container config table with new configuration for container 0123: UNIQUE constraint failed: ContainerConfig.Name',
    ],
    no: [
      'conflict: unable to remove repository reference "x" (must force) - container 0123 is using its referenced image 4567',
    ],
  },
  nameHolder: { yes: ['is already in use by container "0123456789abcdef"', 'is already in use by 0123456789abcdef.'] },
  paused: { yes: ['Container x is paused, unpause the container before exec'] },
  restarting: { yes: ['Container x is restarting, wait until the container is running'] },
  notRunning: {
    yes: [
      'Container x is not running',
      'can only create exec sessions on running containers: container state improper',
    ],
  },
  imageVanished: {
    yes: [
      'locating image with ID "e7cad838e87fd5f2": image not known',
      'locating item named "manifest" for image with ID "a8723c5f8b331601" (consider removing the image to resolve the issue): file does not exist',
      'content digest sha256:0123: not found',
    ],
    no: ['No such image: x:1'],
  },
  users: {
    yes: [
      'conflict: unable to delete 4567 (cannot be forced) - image is being used by running container 0123456789ab',
      'remove x: volume is in use - [0123456789ab]',
    ],
  },
  predefinedNetwork: {
    yes: [
      'bridge is a pre-defined network and cannot be removed',
      'operation is not permitted on predefined bridge network',
      'cannot create network with name "bridge" because it conflicts with a valid network mode',
    ],
  },
  removalUnderWay: {
    yes: [
      'removal of container x is already in progress',
      'cannot remove container x as it could not be stopped: sending SIGKILL to container x: container state improper: stopped',
    ],
    no: ['can only create exec sessions on running containers: container state improper'],
  },
  pullDenied: {
    yes: [
      'pull access denied for x, repository does not exist or may require "docker login"',
      'manifest for x:1 not found: manifest unknown: manifest unknown',
      'unauthorized: authentication required',
    ],
  },
  versionRefused: {
    yes: [
      'client version 1.99 is too new. Maximum supported API version is 1.41',
      'client version 1.41 is too old. Minimum supported API version is 1.44, please upgrade your client to a newer version',
    ],
  },
  versionLimit: { yes: ['Maximum supported API version is 1.41', 'Minimum supported API version is 1.44'] },
  tlsExpected: { yes: ['Client sent an HTTP request to an HTTPS server.'], no: ['page not found'] },
  execNotStarted: {
    yes: [
      'OCI runtime exec failed: exec failed: container_linux.go:380: starting container process caused: exec: "x": executable file not found in $PATH: unknown\n',
    ],
    no: ['OCI runtime exec failed: is what the program printed\nand more\n'],
  },
  memoryDropped: {
    yes: ['Your kernel does not support memory limit capabilities or the cgroup is not mounted. Limitation discarded.'],
  },
  cpusDropped: {
    yes: ['Your kernel does not support CPU cfs quota or the cgroup is not mounted. Quota discarded.'],
  },
  pidsDropped: {
    yes: ['Your kernel does not support pids limit capabilities or the cgroup is not mounted. PIDs limit discarded.'],
  },
  buildExitCode: {
    yes: [
      "The command '/bin/sh -c false' returned a non-zero code: 1",
      'building at STEP "RUN make": while running runtime: exit status 2',
    ],
    no: ['exit status unknown'],
  },
  taskExitCode: {
    yes: ['task: non-zero exit (5)', 'task: non-zero exit (137): dockerexec: unhealthy container'],
    no: ['starting container failed: exec: "task: non-zero exit (5)": no such file or directory'],
  },
  endingExitCode: {
    yes: ["The command '/bin/sh -c false' returned a non-zero code: 1"],
    no: ['exit status 2: out of memory'],
  },
  connectionEnded: { yes: ['aborted', 'socket hang up', 'Premature close'], no: ['the build was aborted'] },
}

describe.each(Object.keys(samples) as (keyof typeof texts)[])('the pattern %s', (name) => {
  const { yes } = samples[name]

  test.each(yes)('matches: %s', (text) => {
    expect(text.match(texts[name])).not.toBeNull()
  })
})

test('no pattern matches a text with another meaning', () => {
  for (const [name, { no = [] }] of Object.entries(samples)) {
    for (const text of no)
      expect([name, text, texts[name as keyof typeof texts].test(text)]).toEqual([name, text, false])
  }
})

test.each([
  ['nameHolder', 'already in use by container "0123456789abcdef".', '0123456789abcdef'],
  ['commandName', 'starting container process caused: exec: "nosuch": executable', 'nosuch'],
  ['port', 'listen tcp4 0.0.0.0:80: bind: address already in use', '80'],
  ['port', portTakenOn28, '45999'],
  ['port', foreignIpv6AddressOn28, '45998'],
  ['foreignAddress', foreignAddressOn28, '192.0.2.7:45998'],
  ['foreignAddress', foreignIpv6AddressOn28, '[2001:db8::7]:45998'],
  ['foreignAddress', 'listen tcp4 1.2.3.4:80: bind: cannot assign requested address', '1.2.3.4:80'],
  ['noNetwork', 'network abc not found', 'abc'],
  ['noVolume', 'get abc: no such volume', 'abc'],
  ['noBindSource', 'bind source path does not exist: /a b', '/a b'],
  ['noUser', 'unable to find user who: no matching entries in passwd file', 'who'],
  ['noUserGroup', 'unable to find group who: no matching entries in group file', 'who'],
  ['noGroup', 'Unable to find group who: no matching entries in group file', 'who'],
  ['noGroup', missingGroupOnPodman, 'nosuch'],
  ['noWorkingDirectory', 'Cannot mkdir: /a b is not a directory', '/a b'],
  ['noImage', 'No such image: a/b:1', 'a/b:1'],
  ['versionLimit', 'Maximum supported API version is 1.41', '1.41'],
  ['buildExitCode', 'while running runtime: exit status 2', '2'],
] as const)('the pattern %s captures, from "%s", the part "%s"', (name, text, part) => {
  expect(texts[name].exec(text)?.[1]).toBe(part)
})
