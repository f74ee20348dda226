import { lstat, readFile, stat } from 'node:fs/promises'
import { isHostError, type ProbeAttempt, type ProbeStep } from '@capstan/core'
import { AnswerFormatError } from '../transport/answer-format-error.js'
import { EngineAnswerError } from '../transport/engine-answer-error.js'
import type { DockerEndpoint } from './docker-endpoint.js'

/** Why an endpoint did not serve, as its attempt tells it: how far it came, the cause, and what to do. */
export async function explainFailure(error: unknown, { endpoint, step, variable }: FailedAt): Promise<FailureText> {
  const code = toCode(error)
  const { connection } = endpoint
  if (connection.type === 'service')
    return { step: 'service', cause: { code, message: toText(error) }, remedy: serviceRemedy }
  if (connection.type === 'socket') {
    if (code === 'ENOENT') return explainAbsent(connection.path, variable)
    if (code === 'EACCES' || code === 'EPERM') return explainDenied(connection.path, code)
  }
  const known = remedies[code]
  if (known !== undefined)
    return { step: known.step ?? step, cause: { code, message: toText(error) }, remedy: known.remedy }
  if (isTlsCode(code)) {
    return {
      step: 'tls',
      cause: { code, message: toText(error) },
      remedy: 'check ca.pem, cert.pem and key.pem of this endpoint',
    }
  }
  return { step, cause: { code, message: toText(error) }, remedy: toRemedy(error) }
}

export type FailureText = Pick<ProbeAttempt, 'step' | 'cause' | 'remedy'>

export interface FailedAt {
  readonly endpoint: DockerEndpoint
  /** The step that was under way. */
  readonly step: ProbeStep
  /** Variable of the environment by which the user may name another endpoint, where there is one. */
  readonly variable?: string | undefined
}

/** Sockets of virtual machines are links, which dangle while the machine is stopped. */
async function explainAbsent(path: string, variable: string | undefined): Promise<FailureText> {
  const link = await lstat(path).catch(() => undefined)
  if (link?.isSymbolicLink()) {
    const cause = { code: 'ENOENT', message: `${path} is a link whose target is gone` }
    return { step: 'find', cause, remedy: 'start the virtual machine or the engine that the link belongs to' }
  }
  const cause = { code: 'ENOENT', message: `${path} is not there` }
  const other = variable === undefined ? 'name another endpoint' : `name its socket by ${variable}`
  return { step: 'find', cause, remedy: `start a container engine, or ${other}` }
}

async function explainDenied(path: string, code: string): Promise<FailureText> {
  const file = await stat(path).catch(() => undefined)
  if (file === undefined) {
    const cause = { code, message: `${path} may not be reached by this user` }
    return { step: 'connect', cause, remedy: 'give this user access to the directories above it' }
  }
  const [owner, group] = await Promise.all([findName('/etc/passwd', file.uid), findName('/etc/group', file.gid)])
  const mode = (file.mode & 0o7777).toString(8).padStart(4, '0')
  const message = `${path} may not be opened by this user: owner ${owner}, group ${group}, mode ${mode}`
  const remedy = `add this user to group ${group} and log in again, or use a rootless engine`
  return { step: 'connect', cause: { code, message }, remedy }
}

/** The name of a user or group id, or the number itself. */
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
  if (error instanceof EngineAnswerError && error.text.includes('HTTP request to an HTTPS server')) return error.text
  return error instanceof Error ? error.message : String(error)
}

function isTlsCode(code: string): boolean {
  return /^(ERR_TLS|ERR_SSL|ERR_OSSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)|^EPROTO$/.test(code)
}

function toRemedy(error: unknown): string {
  if (error instanceof EngineAnswerError && /HTTPS? (server|client)/.test(error.text)) {
    return 'the endpoint speaks TLS: set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH'
  }
  return "what answers there is no engine with Docker's API: name another endpoint"
}

const serviceRemedy = 'install the engine, or see what it says when it is started by hand'

const remedies: Readonly<Record<string, { readonly step?: ProbeStep; readonly remedy: string }>> = {
  API_VERSION: { step: 'version', remedy: 'use an engine of Docker 20.10 or later, and unset DOCKER_API_VERSION' },
  ECONNREFUSED: { step: 'connect', remedy: 'nothing listens there: start the engine, or name another endpoint' },
  ENOTSOCK: { step: 'connect', remedy: 'the path is no socket: name the socket of an engine' },
  ENOENT: { step: 'find', remedy: 'start a container engine, or name another endpoint' },
  ENOTFOUND: { step: 'find', remedy: 'the host name is not known: check it and the name server' },
  EAI_AGAIN: { step: 'find', remedy: 'the host name could not be looked up: check the network' },
  EHOSTUNREACH: { step: 'connect', remedy: 'the host is not reachable: check the network' },
  ENETUNREACH: { step: 'connect', remedy: 'the host is not reachable: check the network' },
  ENGINE_PRODUCT: { step: 'version', remedy: 'use the plugin of that engine, or name the endpoint of another one' },
  EMFILE: { step: 'connect', remedy: 'this process has no file descriptors left: close some, or raise "ulimit -n"' },
  ENFILE: { step: 'connect', remedy: 'this machine has no file descriptors left' },
  TIMED_OUT: {
    remedy:
      'something accepts connections there and does not answer in time: restart the engine, or name another endpoint',
  },
}
