import { spawn } from 'node:child_process'
import type { RegistryCredentials } from '@capstan/core'
import { type Environment, startDeadline } from '@capstan/core/plugin'
import { asString, parseJson, toObject } from '../engine/json-values.js'
import type { RegistryAuth } from './registry-auth.js'

/** The credentials, or the `problem` why there are none, without any output of the helper. */
export type HelperAnswer = { readonly auth: RegistryAuth | undefined } | { readonly problem: string }

export interface HelperOptions {
  readonly env: Environment
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/**
 * Gets a server's credentials from `docker-credential-<name>`. "credentials not found" means that there are none.
 *
 * The program is found by PATH, run without a shell, and killed at the deadline. An abort rejects with its reason.
 * https://github.com/docker/docker-credential-helpers#development
 */
export async function askCredentialHelper(name: string, server: string, options: HelperOptions): Promise<HelperAnswer> {
  if (!helperName.test(name)) return { problem: `${JSON.stringify(name)} is not a valid name of a credential helper` }
  const outcome = await run({ name, action: 'get', input: server }, options)
  options.signal?.throwIfAborted()
  const program = `docker-credential-${name}`
  if ('problem' in outcome) return { problem: `credential helper ${program} ${outcome.problem}` }
  if (outcome.code !== 0) {
    if (notFound.test(outcome.output)) return { auth: undefined }
    return { problem: `credential helper ${program} ended with exit code ${outcome.code}` }
  }
  const auth = parseAnswer(outcome.output)
  return auth === undefined ? { problem: `credential helper ${program} gave no credentials` } : { auth }
}

/**
 * Stores a server's credentials in `docker-credential-<name>`, or erases them. Resolves with the problem if that failed, without
 * any output of the helper. Credentials that the helper does not have are erased.
 */
export async function changeCredentialHelper(
  name: string,
  change: HelperChange,
  options: HelperOptions,
): Promise<string | undefined> {
  if (!helperName.test(name)) return `${JSON.stringify(name)} is not a valid name of a credential helper`
  const { server, credentials } = change
  const input =
    credentials === undefined
      ? server
      : JSON.stringify({ ServerURL: server, Username: credentials.username, Secret: credentials.password })
  const action = credentials === undefined ? 'erase' : 'store'
  const outcome = await run({ name, action, input }, options)
  options.signal?.throwIfAborted()
  const program = `docker-credential-${name}`
  if ('problem' in outcome) return `credential helper ${program} ${outcome.problem}`
  const isDone = outcome.code === 0 || (action === 'erase' && notFound.test(outcome.output))
  return isDone ? undefined : `credential helper ${program} ended with exit code ${outcome.code}`
}

/** The credentials to store; without them, those of the server are erased. An identity token has the user `<token>`. */
export interface HelperChange {
  readonly server: string
  readonly credentials?: RegistryCredentials
}

const notFound = /credentials not found/i

type Outcome = { readonly code: number | null; readonly output: string } | { readonly problem: string }

interface HelperCall {
  readonly name: string
  readonly action: 'get' | 'store' | 'erase'
  readonly input: string
}

function run({ name, action, input }: HelperCall, { env, timeoutMs, signal }: HelperOptions): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(`docker-credential-${name}`, [action], {
      env: { ...env },
      stdio: ['pipe', 'pipe', 'ignore'],
      shell: false,
    })
    let output = ''
    let end = () => {}
    const settle = (outcome: Outcome) => {
      deadline.clear()
      signal?.removeEventListener('abort', stop)
      end()
      resolve(outcome)
    }
    const stop = () => settle({ problem: 'was stopped' })
    const deadline = startDeadline(timeoutMs, () => settle({ problem: `did not answer within ${timeoutMs} ms` }))
    signal?.addEventListener('abort', stop)
    child.on('error', (error) => settle({ problem: toStartProblem(error) }))
    // The process did not start, as the event `error` reports. Without free file descriptors it has no streams either.
    if (child.pid === undefined) return
    end = () => {
      child.kill('SIGKILL')
      child.stdout.destroy()
    }
    if (signal?.aborted) return stop()
    child.on('close', (code) => settle({ code, output }))
    child.stdin.on('error', () => {}) // a helper that does not read its input may still answer
    child.stdin.end(input)
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      if (output.length > mostOutput) settle({ problem: 'printed too much' })
    })
  })
}

function toStartProblem(error: Error & { readonly code?: unknown }): string {
  return error.code === 'ENOENT' ? 'is not on PATH' : `did not start (${String(error.code)})`
}

function parseAnswer(output: string): RegistryAuth | undefined {
  const { Username, Secret } = toObject(parseJson(output))
  const username = asString(Username)
  const secret = asString(Secret)
  if (!username || !secret) return undefined
  return username === '<token>' ? { identityToken: secret } : { username, password: secret }
}

const helperName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const mostOutput = 1024 * 1024
