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

/** Whether an endpoint with TLS got a request without it. */
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

/** Whether the engine has no free address range for one more network. */
export function arePoolsExhausted(error: unknown): boolean {
  return texts.poolsExhausted.test(toEngineText(error) ?? '')
}

/** Whether the engine takes the text for no image reference. */
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

/** The exit code of the command that a build failed with, where the text has it. */
export function readBuildExitCode(text: string): number | undefined {
  const exitCode = texts.buildExitCode.exec(text)?.[1]
  return exitCode === undefined ? undefined : Number(exitCode)
}

/** Whether the text of a failed build ends with the exit code, so that it says nothing else of the command. */
export function endsWithExitCode(text: string): boolean {
  return texts.endingExitCode.test(text)
}

/** The field that the engine found a fault in, and its value; `mounts` stands for the source of one of them. */
export function findBadField(text: string): HostErrorFacts['INVALID_ARGUMENT'] | undefined {
  for (const [name, field, expected] of badFields) {
    const given = texts[name].exec(text)?.[1]
    if (given !== undefined) return { field, expected, given: JSON.stringify(given) }
  }
  return undefined
}

const badFields: readonly (readonly [text: TextName, field: string, expected: string])[] = [
  ['noBindSource', 'mounts', 'a path that exists on the machine of the engine'],
  ['noUser', 'user', 'a user that the image knows, or a number'],
  ['noUserGroup', 'user', 'a user whose group the image knows, or is a number'],
  ['noGroup', 'groupAdd', 'groups that the image knows, or numbers'],
  ['noWorkingDirectory', 'workingDirectory', 'a directory, or a path that is free'],
  ['unknownCapAdd', 'capAdd', 'capabilities that the kernel knows'],
  ['unknownCapDrop', 'capDrop', 'capabilities that the kernel knows'],
  ['badSecurityOption', 'securityOptions', 'options that the engine knows'],
  ['badSignal', 'stopSignal', 'a signal that the engine knows'],
  ['badContainerName', 'name', 'a name of a container, of two characters or more'],
  ['badVolumeName', 'mounts', 'a name of a volume, of two characters or more'],
  ['unknownPlatform', 'platform', 'an operating system or architecture'],
  ['unknownLimit', 'ulimits', 'limits that the kernel knows'],
  ['mountMismatch', 'mounts', 'a directory on a directory, or a file on a file'],
  ['foreignAddress', 'ports', 'addresses of the machine of the engine'],
]

/**
 * The engine's error texts, for what status and endpoint do not tell. Only the functions above and the translation in
 * `docker-errors.ts` read them. Each is matched against texts of real engines in `test/docker-error-texts.test.ts`.
 * Sources: moby's `daemon/`, `libnetwork/` and `errdefs/`, runc.
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
  // Go's net/http: Client sent an HTTP request to an HTTPS server.
  tlsExpected: /HTTPS? (server|client)/,
  execNotStarted: /^OCI runtime exec failed: [^\n]*\n?$/,
  // moby, `daemon/daemon_unix.go`. Swap alone is not an option here, so its loss is a warning.
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
