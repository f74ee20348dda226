import type { HostErrorFacts } from '@capstan/core/plugin'
import type { ApiRange } from './api-version.js'
import { EngineAnswerError } from './engine-answer-error.js'
import { toEngineText } from './engine-text.js'
import * as texts from './error-patterns.js'

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

/**
 * Whether an image was removed while the engine read all of them. Podman 4.3 answers with status 500, Docker 28.5 with
 * the image store of containerd answers a list with status 404.
 */
export function isImageVanished(error: unknown): boolean {
  if (!(error instanceof EngineAnswerError) || !texts.imageVanished.test(error.text)) return false
  return error.status >= 500 || error.path === '/images/json'
}

/** Whether another client, or the engine itself, is removing the container. */
export function isRemovalUnderWay(error: unknown): boolean {
  return texts.removalUnderWay.test(toEngineText(error) ?? '')
}

/** Whether the network is one of the engine's own, such as `bridge`. */
export function isPredefinedNetwork(error: unknown): boolean {
  return texts.predefinedNetwork.test(toEngineText(error) ?? '')
}

/** Whether a chosen subnet overlaps with one that the engine or its machine uses. */
export function isSubnetTaken(error: unknown): boolean {
  return texts.subnetTaken.test(toEngineText(error) ?? '')
}

/** Whether the engine refused to connect a container that is connected to the network already. */
export function isAlreadyConnected(error: unknown): boolean {
  return texts.alreadyConnected.test(toEngineText(error) ?? '')
}

/** Whether the engine refused to disconnect a container that is not connected to the network. */
export function isNotConnected(error: unknown): boolean {
  return texts.notConnected.test(toEngineText(error) ?? '')
}

/** Whether another client has changed the service since its settings were read. */
export function isOutOfSequence(error: unknown): boolean {
  return texts.outOfSequence.test(toEngineText(error) ?? '')
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

/** The exit code of a task of a cluster, where the text with which a node reports its end has it. */
export function readTaskExitCode(text: string): number | undefined {
  const exitCode = texts.taskExitCode.exec(text)?.[1]
  return exitCode === undefined ? undefined : Number(exitCode)
}

/** Whether a node reports that it neither has nor finds the image of a task. */
export function isImageMissing(text: string): boolean {
  return texts.noImage.test(text)
}

/** Whether the engine reports that a group does not exist. */
export function isGroupMissing(error: unknown): boolean {
  return texts.noUserGroup.test(toEngineText(error) ?? '')
}

/** What is expected of `groupAdd`. */
export const additionalGroups = 'groups that exist in the image, or numbers'

/** The field that the engine rejected, and its value. `mounts` means the source of one of the mounts. */
export function findBadField(text: string): HostErrorFacts['INVALID_ARGUMENT'] | undefined {
  for (const [pattern, field, expected] of badFields) {
    const found = pattern.exec(text)
    const given = found?.[1] ?? found?.[2]
    if (given !== undefined) return { field, expected, given: JSON.stringify(given) }
  }
  return undefined
}

const badFields: readonly (readonly [pattern: RegExp, field: string, expected: string])[] = [
  [texts.noBindSource, 'mounts', 'a path that exists on the machine of the engine'],
  [texts.noUser, 'user', 'a user that exists in the image, or a number'],
  [texts.noGroup, 'groupAdd', additionalGroups],
  [texts.noUserGroup, 'user', 'a user whose group exists in the image, or is a number'],
  [texts.noWorkingDirectory, 'workingDirectory', 'a directory, or a path that does not exist'],
  [texts.unknownCapAdd, 'capAdd', 'capabilities that the kernel supports'],
  [texts.unknownCapDrop, 'capDrop', 'capabilities that the kernel supports'],
  [texts.unknownCapability, 'capAdd', 'capabilities that the kernel supports'],
  [texts.badSecurityOption, 'securityOptions', 'options that the engine supports'],
  [texts.badSignal, 'stopSignal', 'a signal that the engine supports'],
  [texts.badContainerName, 'name', 'a container name of two characters or more'],
  [texts.badVolumeName, 'mounts', 'a volume name of two characters or more'],
  [texts.unknownPlatform, 'platform', 'an operating system or architecture'],
  [texts.unknownLimit, 'ulimits', 'limits that the kernel supports'],
  [texts.foreignNetworkAddress, 'network', 'an address in a subnet of the network'],
  [texts.mountMismatch, 'mounts', 'a directory on a directory, or a file on a file'],
  [texts.noDevice, 'devices', 'devices that exist on the machine of the engine'],
  [texts.notShareable, 'ipcMode', 'a container whose ipcMode is "shareable"'],
  [texts.unknownOciRuntime, 'ociRuntime', 'a runtime that the engine knows'],
  [texts.unknownLogOption, 'logDriver.options', 'options that the log driver knows'],
  [texts.logDriverFailed, 'logDriver', 'a log driver that works on the machine of the engine'],
  [texts.localNetwork, 'networks', 'networks whose scope is "cluster"'],
  [texts.badConstraint, 'constraints', 'conditions such as "node.labels.gpu==yes"'],
  [texts.foreignAddress, 'ports', 'addresses of the machine of the engine'],
]
