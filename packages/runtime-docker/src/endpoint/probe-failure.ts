import { lstat, readFile, stat } from 'node:fs/promises'
import { isHostError } from '@capstan/core'
import { type HostErrorFacts, type ProbeAttempt, type ProbeStep, probeTimeoutRemedy } from '@capstan/core/plugin'
import { AnswerFormatError } from '../engine/answer-format-error.js'
import type { DockerEndpoint } from '../engine/docker-endpoint.js'
import { isTlsExpected } from '../engine/docker-error-texts.js'
import { EngineAnswerError } from '../engine/engine-answer-error.js'
import { SshError } from '../ssh/ssh-error.js'
import { ApiRangeError } from './api-range.js'

/** Describes why an endpoint is not available: the step that failed, the cause and the remedy. */
export async function explainProbeFailure(error: unknown, failedAt: FailedAt): Promise<FailureText> {
  const { endpoint, step } = failedAt
  if (isHostError(error, 'TIMED_OUT')) return explainSlow(error.facts, { endpoint, step })
  if (error instanceof ApiRangeError) {
    return { step: 'version', cause: { code: error.code, message: error.message }, remedy: error.remedy }
  }
  const code = toCode(error)
  const fail = (at: ProbeStep, remedy: string) => ({ step: at, cause: { code, message: toText(error) }, remedy })
  const { address } = endpoint
  if (error instanceof SshError) return fail('ssh', error.remedy)
  if (address.type === 'service' && address.step !== 'ssh') return fail('service', serviceRemedy)
  // With TLS 1.3 the engine rejects the client's certificate after the handshake.
  const isRejected = code === 'ECONNRESET' && step === 'ping' && address.type === 'tcp' && address.tls?.certFile
  if (isRejected)
    return fail('tls', `the engine closed the connection: check that its authority has signed ${isRejected}`)
  const entry = remedies[code]
  if (entry !== undefined) return fail(entry.step ?? step, entry.remedy)
  const isDenied = code === 'EACCES' || code === 'EPERM'
  if (address.type === 'socket' && code === 'ENOENT') return explainAbsent(address.path, failedAt)
  if (address.type === 'socket' && isDenied) return explainDenied(address.path, code)
  if (address.type === 'pipe' && isDenied) return fail('connect', 'give this user access to the pipe')
  // An error of the file system is that of a TLS file.
  const isFile =
    error instanceof Error && !(error instanceof EngineAnswerError) && ('path' in error || code === 'EISDIR')
  if (address.type === 'tcp' && isFile) return fail('tls', 'check that this user can read ca.pem, cert.pem and key.pem')
  if (code === 'ENOENT') return fail('find', toStartRemedy(failedAt))
  if (code === 'ECONNREFUSED') return fail('connect', toStartRemedy(failedAt))
  if (isTlsCode(code) && address.type === 'tcp') return explainTls(code, toText(error), address)
  return fail(step, toRemedy(error, failedAt))
}

/** Describes an endpoint that did not answer within `timeoutMs`. It may be busy, so the remedy is not to restart anything. */
export function explainSlow(
  { timeoutMs }: Pick<HostErrorFacts['TIMED_OUT'], 'timeoutMs'>,
  { endpoint, step: reached }: Pick<FailedAt, 'endpoint' | 'step'>,
): FailureText {
  const { type } = endpoint.address
  const step =
    endpoint.address.type === 'service' && isBeforeConnection(reached) ? (endpoint.address.step ?? 'service') : reached
  const seconds = `within ${timeoutMs / 1000} s`
  if (step === 'service') return toSlow(step, `it did not start ${seconds}`)
  if (step === 'ssh') return toSlow(step, `ssh did not connect ${seconds}`)
  if (!isBeforeConnection(step)) return toSlow(step, `it accepted the connection and did not answer ${seconds}`)
  if (type !== 'tcp') return toSlow(step, `it did not accept the connection ${seconds}`)
  const remedy = `check the address, the network and the firewalls between; or ${probeTimeoutRemedy}`
  return { ...toSlow(step, `the host did not accept the connection ${seconds}`), remedy }
}

function toSlow(step: ProbeStep, message: string): FailureText {
  return { step, cause: { code: 'TIMED_OUT', message }, remedy: probeTimeoutRemedy }
}

function isBeforeConnection(step: ProbeStep): boolean {
  return step === 'find' || step === 'connect'
}

export type FailureText = Pick<ProbeAttempt, 'step' | 'cause' | 'remedy'>

export interface FailedAt {
  readonly endpoint: DockerEndpoint
  /** The step that failed. */
  readonly step: ProbeStep
  /** The source of the endpoint, see {@link ProbeAttempt}. */
  readonly source: string
  /** Whether the user chose the endpoint, so that no other is tried. */
  readonly chosen: boolean
  /** The environment variable that names the endpoint, where there is one. */
  readonly variable?: string | undefined
}

/**
 * Describes a missing socket. Sockets of virtual machines are symbolic links, which are broken while the machine is
 * stopped.
 */
async function explainAbsent(path: string, failedAt: FailedAt): Promise<FailureText> {
  const link = await lstat(path).catch(() => undefined)
  if (link?.isSymbolicLink()) {
    const cause = { code: 'ENOENT', message: `${path} is a symbolic link whose target does not exist` }
    return { step: 'find', cause, remedy: 'start the virtual machine or the engine that the link belongs to' }
  }
  const cause = { code: 'ENOENT', message: `${path} does not exist` }
  return { step: 'find', cause, remedy: toStartRemedy(failedAt) }
}

/** Returns the remedy for an endpoint where no engine listens, by the source of the endpoint. */
function toStartRemedy({ source, chosen, variable }: FailedAt): string {
  const isContext = source.startsWith('context ')
  if (isContext && !chosen) return 'start that engine, or choose another context: docker context use NAME'
  if (chosen && variable !== undefined && isContext) return 'start that engine, or unset DOCKER_CONTEXT'
  if (chosen && variable !== undefined && source === variable) return `start that engine, or unset ${variable}`
  if (chosen) return 'start that engine, or name another endpoint'
  return `start a container engine, or ${variable === undefined ? 'name another endpoint' : `name its socket by ${variable}`}`
}

async function explainDenied(path: string, code: string): Promise<FailureText> {
  const file = await stat(path).catch(() => undefined)
  if (file === undefined) {
    const cause = { code, message: `${path} is in a directory that this user may not access` }
    return { step: 'connect', cause, remedy: 'give this user access to the directories above it' }
  }
  const [owner, group] = await Promise.all([findName('/etc/passwd', file.uid), findName('/etc/group', file.gid)])
  const mode = (file.mode & 0o7777).toString(8).padStart(4, '0')
  const message = `${path} may not be opened by this user: owner ${owner}, group ${group}, mode ${mode}`
  const remedy = `add this user to group ${group} and log in again, or use a rootless engine`
  return { step: 'connect', cause: { code, message }, remedy }
}

/** Returns the name of a user or group id, or the number itself. */
async function findName(file: string, id: number): Promise<string> {
  const lines = await readFile(file, 'utf8').catch(() => '')
  const line = lines.split('\n').find((entry) => entry.split(':')[2] === String(id))
  return line?.split(':')[0] ?? String(id)
}

function toCode(error: unknown): string {
  if (isHostError(error)) return error.code
  if (error instanceof EngineAnswerError) return `HTTP_${error.status}`
  if (error instanceof AnswerFormatError || error instanceof SyntaxError) return 'PROTOCOL_ERROR'
  return error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN'
}

function toText(error: unknown): string {
  if (error instanceof EngineAnswerError && isTlsExpected(error)) return error.text
  return error instanceof Error ? error.message : String(error)
}

/** Describes a failed TLS handshake by the files that were used. The text of OpenSSL is kept where no case applies. */
function explainTls(code: string, text: string, { host, tls }: TcpAddress): FailureText {
  const { directory = 'the directory of certificates', caFile, certFile } = tls ?? {}
  const tell = (message: string, remedy: string) => ({ step: 'tls' as const, cause: { code, message }, remedy })
  if (/CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE/.test(code) && certFile === undefined) {
    const message = `${host} requires a certificate of the client, and ${directory} has no cert.pem and key.pem`
    return tell(message, `copy cert.pem and key.pem to ${directory}, or name another directory by DOCKER_CERT_PATH`)
  }
  if (/ALERT/.test(code) && certFile !== undefined) {
    return tell(
      `${host} rejects the client certificate ${certFile}: ${code}`,
      'use a certificate of the authority that the engine trusts',
    )
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return tell(text, `connect by a name or an address in the certificate of ${host}`)
  }
  if (code === 'CERT_HAS_EXPIRED')
    return tell(`the certificate of ${host} has expired`, `renew the certificate of ${host}`)
  if (/^(UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|CERT_SIGNATURE)/.test(code)) {
    const authority = caFile === undefined ? "Node's certificate authorities" : `the authority in ${caFile}`
    const message = `the certificate of ${host} is not signed by ${authority}`
    return tell(message, `name the authority of ${host}: its certificate belongs into ca.pem in ${directory}`)
  }
  return tell(text, 'check ca.pem, cert.pem and key.pem of this endpoint')
}

type TcpAddress = Extract<DockerEndpoint['address'], { readonly type: 'tcp' }>

function isTlsCode(code: string): boolean {
  return /^(ERR_TLS|ERR_SSL|ERR_OSSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)|^EPROTO$/.test(code)
}

function toRemedy(error: unknown, { source }: FailedAt): string {
  if (isTlsExpected(error)) return `the endpoint requires TLS: ${toTlsRemedy(source)}`
  if (error instanceof EngineAnswerError && error.status >= 500) {
    return 'the engine may be starting: wait and try again, or see its log'
  }
  return "the endpoint does not answer like an engine with Docker's API: name another endpoint"
}

function toTlsRemedy(source: string): string {
  if (source === 'given in code') return 'pass the option `tls`'
  return source.startsWith('context ')
    ? 'create the context with TLS files'
    : 'set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH'
}

const serviceRemedy = 'install the engine, or start it by hand to see its messages'

const closedRemedy = 'the connection was closed without an answer: see the log of the engine, or name another endpoint'

const remedies: Readonly<Record<string, { readonly step?: ProbeStep; readonly remedy: string }>> = {
  ENOTSOCK: { step: 'connect', remedy: 'the path is not a socket: name the socket of an engine' },
  ENOTFOUND: { step: 'find', remedy: 'check the host name and the name server' },
  EAI_AGAIN: { step: 'find', remedy: 'check the network and the name server' },
  EHOSTUNREACH: { step: 'connect', remedy: 'check the network' },
  ENETUNREACH: { step: 'connect', remedy: 'check the network' },
  ENGINE_PRODUCT: { step: 'version', remedy: 'use the plugin for that engine, or name another endpoint' },
  EMFILE: { step: 'connect', remedy: 'close files of this process, or raise "ulimit -n"' },
  ENFILE: { step: 'connect', remedy: 'close files on this machine, or raise fs.file-max' },
  ETIMEDOUT: { step: 'connect', remedy: 'the host does not answer: check the address, the network and the firewalls' },
  ECONNRESET: { remedy: closedRemedy },
  EPIPE: { remedy: closedRemedy },
}
