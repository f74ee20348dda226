import { type Environment, type ProbeAttempt, redactUrlPassword } from '@capstan/core/plugin'
import type { DockerEndpoint, EndpointTls } from '../engine/docker-endpoint.js'
import { findSshHost } from '../ssh/find-ssh-host.js'
import { parseSshTarget } from '../ssh/ssh-target.js'
import { startSshService } from '../ssh/start-ssh-service.js'
import type { EndpointCandidate } from './endpoint-candidate.js'

/**
 * Parses an endpoint such as `DOCKER_HOST`. An unusable endpoint gives a failed attempt with the reason.
 *
 * Credentials, and all text after `?` or `#`, are replaced with `***` first, so that no attempt or message shows them.
 * No kind of endpoint supports them.
 *
 * `tls` applies only to TCP. The default port is 2375, or 2376 with TLS, as in docker's client. `ssh://[USER@]HOST[:PORT][/PATH]`
 * is the engine's socket on another machine, to which the `ssh` of this machine connects.
 */
export function parseEndpoint(given: string, { source, tls, env = {} }: ParseEndpointOptions): EndpointCandidate {
  const text = redactEndpoint(given)
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(text) ?? []
  const parsed = parsers[scheme.toLowerCase()]?.(rest, { tls, env })
  if (parsed === undefined) return toFailed(text, source, scheme === '' ? toBare(text) : toUnknown(scheme))
  return 'problem' in parsed ? toFailed(text, source, parsed) : { source, endpoint: { url: text, ...parsed } }
}

/** The options of `parseEndpoint`. */
export interface ParseEndpointOptions {
  /** The source of the text in attempts: `DOCKER_HOST`, `default`. */
  readonly source: string
  /** Default: none. */
  readonly tls?: EndpointTls | undefined
  /** The environment of ssh, by which it finds the user's agent. Default: empty. */
  readonly env?: Environment
}

type Parsed = Pick<DockerEndpoint, 'address'> | Problem
type ParserOptions = Required<Pick<ParseEndpointOptions, 'env'>> & Pick<ParseEndpointOptions, 'tls'>
interface Problem {
  readonly problem: string
  readonly remedy: string
}

const parsers: Readonly<Record<string, (rest: string, options: ParserOptions) => Parsed>> = {
  unix: (path) =>
    path === '' || path.startsWith('/')
      ? { address: { type: 'socket', path: path === '' ? defaultSocket : path } }
      : { problem: 'the path of a unix socket is absolute', remedy: `write unix:///${path}` },
  npipe: (path) => ({ address: { type: 'pipe', path: path === '' ? defaultPipe : path.replaceAll('\\', '/') } }),
  tcp: (rest, { tls }) => parseTcp(rest, tls),
  ssh: parseSsh,
  fd: () => ({
    problem: 'fd:// is an address to listen on, and clients cannot connect to it',
    remedy: 'name the socket: unix:///var/run/docker.sock',
  }),
}

/** Replaces credentials, and text after `?` or `#`, except in the path of a socket, which may have these characters. */
function redactEndpoint(text: string): string {
  if (/^(unix|npipe|fd):\/\/[/\\]|^\/(?!\/)/i.test(text)) return text
  return redactUrlPassword(text).replace(/([?#]).+$/s, '$1***')
}

function parseTcp(rest: string, tls: EndpointTls | undefined): Parsed {
  const url = URL.canParse(`http://${rest}`) ? new URL(`http://${rest}`) : undefined
  if (url === undefined || url.hostname === '') {
    return {
      problem: `"${rest}" is not a host with a port`,
      remedy: 'write tcp://HOST:PORT, an IPv6 address in brackets',
    }
  }
  if (url.pathname !== '/' || url.search !== '' || url.username !== '') {
    return { problem: 'a tcp endpoint has only a host and a port', remedy: `write tcp://${url.host}` }
  }
  // `URL` omits port 80, the default of http.
  const given = /:(\d+)\/?$/.exec(rest)?.[1]
  const port = given === undefined ? (tls === undefined ? 2375 : 2376) : Number(given)
  return { address: { type: 'tcp', host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port, tls } }
}

function parseSsh(rest: string, { env }: ParserOptions): Parsed {
  const target = parseSshTarget(rest)
  if (target !== undefined)
    return {
      address: {
        type: 'service',
        step: 'ssh',
        start: ({ signal }) => startSshService(target, { env, signal }),
        findHost: ({ signal }) => findSshHost(target, { env, signal }),
      },
    }
  const problem = rest.includes(':***@')
    ? 'an endpoint over ssh has no password'
    : 'the address is not [USER@]HOST[:PORT][/PATH]'
  return { problem, remedy: 'write ssh://USER@HOST, and configure the login in ~/.ssh/config or by a key in the agent' }
}

function toBare(text: string): Problem {
  const remedy = text.startsWith('/') ? `write unix://${text}` : `write unix:///PATH or tcp://${text}`
  return { problem: `"${text}" has no scheme`, remedy }
}

function toUnknown(scheme: string): Problem {
  return { problem: `the scheme "${scheme}" is not supported`, remedy: 'use unix://, ssh://, tcp:// or npipe://' }
}

function toFailed(candidate: string, source: string, { problem, remedy }: Problem): EndpointCandidate {
  const failed: ProbeAttempt = { candidate, source, step: 'parse', cause: { code: 'PARSE', message: problem }, remedy }
  return { source, failed }
}

export const defaultSocket = '/var/run/docker.sock'
export const defaultPipe = '//./pipe/docker_engine'
