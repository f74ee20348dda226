import { type ProbeAttempt, redactUserInfo } from '@capstan/core/plugin'
import type { DockerEndpoint, EndpointTls } from '../engine/docker-endpoint.js'
import type { EndpointCandidate } from './endpoint-candidate.js'

/**
 * The endpoint that a `DOCKER_HOST` or a context names; what cannot be used is an attempt that says why.
 *
 * Credentials in it are replaced by `***` first, so that no attempt or message shows them: no kind of endpoint takes any.
 *
 * `tls` applies to tcp alone. Without a port it is 2375, with TLS 2376 (docker's own defaults).
 */
export function parseEndpoint(given: string, { source, tls }: ParseEndpointOptions): EndpointCandidate {
  const text = redactEndpoint(given)
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(text) ?? []
  const parsed = parsers[scheme.toLowerCase()]?.(rest, tls)
  if (parsed === undefined) return toFailed(text, source, scheme === '' ? toBare(text) : toUnknown(scheme))
  return 'problem' in parsed ? toFailed(text, source, parsed) : { source, endpoint: { url: text, ...parsed } }
}

/** Options of `parseEndpoint`. */
export interface ParseEndpointOptions {
  /** Where the text came from, as attempts name it: `DOCKER_HOST`, `default`. */
  readonly source: string
  /** Default: none. */
  readonly tls?: EndpointTls | undefined
}

type Parsed = Pick<DockerEndpoint, 'connection'> | Problem
interface Problem {
  readonly problem: string
  readonly remedy: string
}

const parsers: Readonly<Record<string, (rest: string, tls: EndpointTls | undefined) => Parsed>> = {
  unix: (path) =>
    path === '' || path.startsWith('/')
      ? { connection: { type: 'socket', path: path === '' ? defaultSocket : path } }
      : { problem: 'the path of a unix socket is absolute', remedy: `write unix:///${path}` },
  npipe: (path) => ({ connection: { type: 'pipe', path: path === '' ? defaultPipe : path.replaceAll('\\', '/') } }),
  tcp: parseTcp,
  ssh: (rest) => ({
    problem: 'engines over ssh are not supported yet',
    remedy: `forward the socket (ssh -nNT -L /tmp/docker.sock:/var/run/docker.sock ${toSshTarget(rest)}) and set DOCKER_HOST=unix:///tmp/docker.sock`,
  }),
  fd: () => ({
    problem: 'fd:// is where an engine listens, not where a client connects',
    remedy: 'name the socket: unix:///var/run/docker.sock',
  }),
}

/** The path of a socket has no credentials, and may contain `@` and `:`. */
function redactEndpoint(text: string): string {
  if (/^(unix|npipe|fd):\/\/[/\\]|^\/(?!\/)/i.test(text)) return text
  return redactUserInfo(text).replace(/([?#]).+$/s, '$1***')
}

function parseTcp(rest: string, tls: EndpointTls | undefined): Parsed {
  const url = URL.canParse(`http://${rest}`) ? new URL(`http://${rest}`) : undefined
  if (url === undefined || url.hostname === '') {
    return { problem: `"${rest}" is no host with a port`, remedy: 'write tcp://HOST:PORT, an IPv6 address in brackets' }
  }
  if (url.pathname !== '/' || url.search !== '' || url.username !== '') {
    return { problem: 'a tcp endpoint has a host and a port alone', remedy: `write tcp://${url.host}` }
  }
  // `URL` takes 80 for the default of http and leaves it out.
  const given = /:(\d+)\/?$/.exec(rest)?.[1]
  const port = given === undefined ? (tls === undefined ? 2375 : 2376) : Number(given)
  return { connection: { type: 'tcp', host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port, tls } }
}

function toSshTarget(rest: string): string {
  return /^[A-Za-z0-9@._-]+/.exec(rest.replace(':***@', '@'))?.[0] ?? 'HOST'
}

function toBare(text: string): Problem {
  const remedy = text.startsWith('/') ? `write unix://${text}` : `write unix:///PATH or tcp://${text}`
  return { problem: `"${text}" has no scheme`, remedy }
}

function toUnknown(scheme: string): Problem {
  return { problem: `the scheme "${scheme}" is not known`, remedy: 'use unix://, tcp:// or npipe://' }
}

function toFailed(candidate: string, source: string, { problem, remedy }: Problem): EndpointCandidate {
  const failed: ProbeAttempt = { candidate, source, step: 'parse', cause: { code: 'PARSE', message: problem }, remedy }
  return { source, failed }
}

export const defaultSocket = '/var/run/docker.sock'
export const defaultPipe = '//./pipe/docker_engine'
