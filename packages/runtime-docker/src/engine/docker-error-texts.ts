import type { HostErrorFacts } from '@capstan/core/plugin'
import type { ApiRange } from './api-version.js'
import { EngineAnswerError } from './engine-answer-error.js'
import { toEngineText } from './engine-text.js'

/** Whether the engine refused the API version of the request. */
export function isVersionRefusal(error: unknown): error is EngineAnswerError {
  return error instanceof EngineAnswerError && error.status === 400 && texts.versionRefused.test(error.text)
}

/** The bound of the engine's range of API versions that the refusal of a version names. */
export function readVersionLimit({ text }: EngineAnswerError): Partial<ApiRange> {
  const [sentence = '', version] = texts.versionLimit.exec(text) ?? []
  if (version === undefined) return {}
  return /^minimum/i.test(sentence) ? { oldest: version } : { newest: version }
}

/** Whether an endpoint with TLS received a request without TLS. */
export function isTlsExpected(error: unknown): boolean {
  return error instanceof EngineAnswerError && texts.tlsExpected.test(error.text)
}

/** Whether an image was removed while the engine read all of them. Seen on Podman 4.3. */
export function isImageVanished(error: unknown): boolean {
  return error instanceof EngineAnswerError && error.status >= 500 && texts.imageVanished.test(error.text)
}

/** Whether another client, or the engine itself, is removing the container. */
export function isRemovalUnderWay(error: unknown): boolean {
  return texts.removalUnderWay.test(toEngineText(error) ?? '')
}

/** Whether the network is one of the engine's own, such as `bridge`. */
export function isPredefinedNetwork(error: unknown): boolean {
  return texts.predefinedNetwork.test(toEngineText(error) ?? '')
}

/** Whether the engine has no free address range for another network. */
export function arePoolsExhausted(error: unknown): boolean {
  return texts.poolsExhausted.test(toEngineText(error) ?? '')
}

/** Whether the engine rejected the format of an image reference. */
export function isBadReference(error: unknown): boolean {
  return texts.badReference.test(toEngineText(error) ?? '')
}

/** Whether the output of an exec is the OCI runtime's message about a missing command. Seen on Docker 20.10. */
export function isCommandMissing(output: string): boolean {
  return texts.execNotStarted.test(output) && texts.commandNotFound.test(output)
}

/** The option that the engine dropped, by a warning of a create. */
export function findDroppedOption(warning: string): 'memoryBytes' | 'cpus' | 'pidsLimit' | undefined {
  if (texts.memoryDropped.test(warning)) return 'memoryBytes'
  if (texts.cpusDropped.test(warning)) return 'cpus'
  return texts.pidsDropped.test(warning) ? 'pidsLimit' : undefined
}

/** The exit code of the failed command of a build, where the text has it. */
export function readBuildExitCode(text: string): number | undefined {
  const exitCode = texts.buildExitCode.exec(text)?.[1]
  return exitCode === undefined ? undefined : Number(exitCode)
}

/** Whether the text of a failed build ends with the exit code, so that it has no output of the command. */
export function endsWithExitCode(text: string): boolean {
  return texts.endingExitCode.test(text)
}

/** The field that the engine rejected, and its value. `mounts` means the source of one of the mounts. */
export function findBadField(text: string): HostErrorFacts['INVALID_ARGUMENT'] | undefined {
  for (const [name, field, expected] of badFields) {
    const given = texts[name].exec(text)?.[1]
    if (given !== undefined) return { field, expected, given: JSON.stringify(given) }
  }
  return undefined
}

const badFields: readonly (readonly [text: TextName, field: string, expected: string])[] = [
  ['noBindSource', 'mounts', 'a path that exists on the machine of the engine'],
  ['noUser', 'user', 'a user that exists in the image, or a number'],
  ['noUserGroup', 'user', 'a user whose group exists in the image, or is a number'],
  ['noGroup', 'groupAdd', 'groups that exist in the image, or numbers'],
  ['noWorkingDirectory', 'workingDirectory', 'a directory, or a path that does not exist'],
  ['unknownCapAdd', 'capAdd', 'capabilities that the kernel supports'],
  ['unknownCapDrop', 'capDrop', 'capabilities that the kernel supports'],
  ['badSecurityOption', 'securityOptions', 'options that the engine supports'],
  ['badSignal', 'stopSignal', 'a signal that the engine supports'],
  ['badContainerName', 'name', 'a container name of two characters or more'],
  ['badVolumeName', 'mounts', 'a volume name of two characters or more'],
  ['unknownPlatform', 'platform', 'an operating system or architecture'],
  ['unknownLimit', 'ulimits', 'limits that the kernel supports'],
  ['mountMismatch', 'mounts', 'a directory on a directory, or a file on a file'],
  ['foreignAddress', 'ports', 'addresses of the machine of the engine'],
]

/**
 * The error texts of engines, for cases that status and endpoint do not distinguish. Only the functions above and the
 * translation in `docker-errors.ts` read them. Each is tested with texts of real engines in
 * `test/engine/docker-error-texts.test.ts`. Sources: moby's `daemon/`, `libnetwork/` and `errdefs/`, runc.
 */
export const texts: {
  readonly [K in TextName]: RegExp
} = {
  // runc: exec: "nosuch": executable file not found in $PATH; exec: "/nosuch": stat /nosuch: no such file or directory
  commandNotFound:
    /exec: \\?"[^"\\]*\\?": (executable file not found|stat [^:]*: no such file|no such file)|executable file [`'"]?[^`'"]*[`'"]? ?not found in \$PATH/i,
  commandNotExecutable: /exec: \\?"[^"\\]*\\?": (stat [^:]*: )?(permission denied|is a directory)/i,
  // Podman escapes the quotes of runc.
  commandName: /exec: \\?"([^"\\]*)/,
  capabilitiesWithheld: /unable to apply caps/i,
  privilegedWithUserNamespaces: /privileged mode is incompatible with user namespaces/i,
  portTaken: /port is already allocated|address already in use|ports are not available/i,
  port: /(?:Bind for |listen (?:tcp|udp)[46]? |exposing port (?:TCP|UDP) )\S*?:(\d+)\b/i,
  poolsExhausted: /fully subnetted|non-overlapping IPv4 address pool|could not find an available/i,
  logsUnreadable: /does not support reading/i,
  noContainer: /no such container|no container with name or ID/i,
  // Podman answers with status 500 when a container is removed during an inspection.
  containerVanished: /does not exist in database: no such container/i,
  noNetwork: /network (?:"?([^\s":]+)"? )?not found|no such network:? ?"?([^\s"]*)"?/i,
  noVolume: /get ([^\s:]+): no such volume|no such volume:? ?"?([^\s"]*)"?/i,
  noBindSource: /bind source path does not exist: (.+)$/im,
  noUser: /unable to find user ([^:\s]+)/,
  // runc, `libcontainer/user`: lower case for the primary group of the user, upper case for additional groups.
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
  // Podman reads images one by one, and fails when one is removed meanwhile.
  imageVanished: /image not known|locating item named "manifest"|file does not exist/i,
  users:
    /(?:by (?:running |stopped )?container |volume is in use - \[|endpoints? on network .*?:? )([0-9a-z_.-]+(?:, [0-9a-z_.-]+)*)/gi,
  predefinedNetwork: /pre-?defined (?:\S+ )?network/i,
  // Podman, for a container that exits while it is being removed.
  removalUnderWay: /removal of container .* is already in progress|could not be stopped: .*container state improper/i,
  pullDenied: /pull access denied|denied|unauthorized|manifest unknown|manifest for \S+ not found|not found: manifest/i,
  versionRefused: /client version [\d.]+ is too (?:new|old)/i,
  versionLimit: /(?:minimum|maximum) supported API version is ([\d.]+)/i,
  // Go's net/http: Client sent an HTTP request to an HTTPS server.
  tlsExpected: /HTTPS? (server|client)/,
  execNotStarted: /^OCI runtime exec failed: [^\n]*\n?$/,
  // moby, `daemon/daemon_unix.go`. A text about swap alone does not match, because swap is not an option of the
  // contract.
  memoryDropped: /does not support memory limit|memory limit.*discarded/i,
  cpusDropped: /does not support CPU (CFS|cfs)|CPU (shares|cfs).*discarded/i,
  pidsDropped: /pids limit.*discarded/i,
  // Docker: returned a non-zero code: 1. Buildah: exit status 9.
  buildExitCode: /(?:returned a non-zero code: |exit (?:status|code):? )(\d+)/,
  endingExitCode: /(?:returned a non-zero code: |exit (?:status|code):? )\d+\s*$/,
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
  | 'tlsExpected'
  | 'execNotStarted'
  | 'memoryDropped'
  | 'cpusDropped'
  | 'pidsDropped'
  | 'buildExitCode'
  | 'endingExitCode'
  | 'connectionEnded'
