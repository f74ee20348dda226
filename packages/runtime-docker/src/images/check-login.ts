import type { OperationOptions, RegistryCredentials } from '@capstan/core'
import { dockerHub } from '@capstan/core/plugin'
import { asString, parseJson, toObject } from '../engine/json-values.js'

/**
 * Whether a registry accepts credentials, with the identity token that it issued for the password, if any; else the reason,
 * which contains no credentials.
 */
export type LoginOutcome =
  | { readonly isAccepted: true; readonly identityToken: string | undefined }
  | { readonly isAccepted: false; readonly reason: string }

/**
 * Asks a registry whether it accepts credentials, over HTTPS, and over HTTP only at a loopback address, as engines do. Rejects
 * only for an abort.
 *
 * https://distribution.github.io/distribution/spec/auth/token/
 */
export async function checkLogin(
  registry: string,
  credentials: RegistryCredentials,
  { signal }: OperationOptions = {},
): Promise<LoginOutcome> {
  let reason = ''
  for (const base of toBases(registry)) {
    try {
      return await check(base, credentials, signal)
    } catch (error) {
      signal?.throwIfAborted()
      reason = `the registry ${registry} cannot be reached: ${toReason(error)}`
    }
  }
  return { isAccepted: false, reason }
}

function toBases(registry: string): readonly string[] {
  if (registry === dockerHub) return ['https://registry-1.docker.io']
  const isLoopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/.test(registry)
  return isLoopback ? [`https://${registry}`, `http://${registry}`] : [`https://${registry}`]
}

async function check(
  base: string,
  credentials: RegistryCredentials,
  signal: AbortSignal | undefined,
): Promise<LoginOutcome> {
  const api = `${base}/v2/`
  const open = await request(api, {}, signal)
  if (open.status === 200) return { isAccepted: true, identityToken: undefined }
  if (open.status !== 401) return reject(`the registry answered with status ${open.status}`)
  const { scheme, parameters } = parseChallenge(open.headers.get('www-authenticate') ?? '')
  const basic = toBasic(credentials)
  if (scheme === 'basic') return toOutcome(await request(api, { authorization: basic }, signal), undefined)
  const url = scheme === 'bearer' ? toTokenUrl(base, parameters, credentials) : undefined
  if (url === undefined) return reject('the registry requests an authentication that is not supported')
  const answer = await request(url, { authorization: basic }, signal)
  if (answer.status !== 200) return toOutcome(answer, undefined)
  const { token, access_token, refresh_token } = toObject(parseJson(answer.text))
  const bearer = asString(token) ?? asString(access_token)
  if (bearer === undefined) return reject('the registry issued no token')
  return toOutcome(await request(api, { authorization: `Bearer ${bearer}` }, signal), asString(refresh_token))
}

function toOutcome({ status }: Answer, identityToken: string | undefined): LoginOutcome {
  if (status === 200) return { isAccepted: true, identityToken }
  if (status === 401 || status === 403) return reject('the registry rejects the user name or the password')
  return reject(`the registry answered with status ${status}`)
}

function reject(reason: string): LoginOutcome {
  return { isAccepted: false, reason }
}

/** Returns the URL of the token service, which must use HTTPS if the registry does; `undefined` for any other. */
function toTokenUrl(
  base: string,
  { realm = '', service, scope }: Readonly<Record<string, string>>,
  { username }: RegistryCredentials,
): string | undefined {
  if (!URL.canParse(realm)) return undefined
  const url = new URL(realm)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && base.startsWith('http:'))) return undefined
  const query = { service, scope, account: username, client_id: 'docker', offline_token: 'true' }
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value)
  return url.href
}

/** Parses the first challenge that is Basic or Bearer. https://datatracker.ietf.org/doc/html/rfc9110#section-11.6.1 */
function parseChallenge(text: string): {
  readonly scheme: string | undefined
  readonly parameters: Readonly<Record<string, string>>
} {
  const [, scheme, rest = ''] = /\b(basic|bearer)\b\s*(.*)$/is.exec(text) ?? []
  const pairs = [...rest.matchAll(/(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]*))/g)]
  const entries = pairs.map(([, name = '', quoted, plain = '']) => {
    return [name.toLowerCase(), quoted === undefined ? plain : quoted.replaceAll(/\\(.)/g, '$1')] as const
  })
  return { scheme: scheme?.toLowerCase(), parameters: Object.fromEntries(entries) }
}

function toBasic({ username, password }: RegistryCredentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

async function request(
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const limit = AbortSignal.timeout(answerMs)
  const response = await fetch(url, {
    headers,
    signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
  })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

function toReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  // The message of `fetch` is only "fetch failed".
  const { cause } = error
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message
}

/** The limit for one answer of a registry. */
const answerMs = 30_000
