import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { findCredentials } from '../../src/images/find-credentials.js'
import { eraseCredentials, storeCredentials } from '../../src/images/store-credentials.js'

let directory: string
let env: Readonly<Record<string, string>>
const credentials = { username: 'user', password: 'pass:word' }

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'capstan-store-'))
  env = { DOCKER_CONFIG: join(directory, 'docker'), PATH: directory }
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
})

const file = () => join(directory, 'docker', 'config.json')
const readConfig = async (): Promise<unknown> => JSON.parse(await readFile(file(), 'utf8'))

async function writeConfig(content: object | string): Promise<void> {
  await mkdir(join(directory, 'docker'), { recursive: true })
  await writeFile(file(), typeof content === 'string' ? content : JSON.stringify(content))
}

/** Creates a helper that appends its action and its input to a file, and ends with the exit code. */
async function writeHelper(name: string, exitCode = 0, output = ''): Promise<() => Promise<string>> {
  const [program, log] = [join(directory, `docker-credential-${name}`), join(directory, `${name}.log`)]
  const script = `#!/bin/sh\nexport PATH=/usr/bin:/bin\n{ echo "$1"; cat; echo; } >> '${log}'\nprintf '%s' '${output}'\nexit ${exitCode}\n`
  await writeFile(program, script)
  await chmod(program, 0o755)
  return () => readFile(log, 'utf8')
}

describe('storeCredentials', () => {
  test('creates the file with mode 0600, from which the credentials are found', async () => {
    expect(await storeCredentials('r.example:5000', credentials, { env })).toEqual({ file: file() })
    expect((await stat(file())).mode & 0o777).toBe(0o600)
    expect((await findCredentials('r.example:5000', { env })).auth).toEqual(credentials)
    expect(await readdir(join(directory, 'docker'))).toEqual(['config.json'])
  })

  test('keeps all other entries, and the key of Docker Hub is the URL of its first API', async () => {
    const config = { psFormat: 'x', auths: { 'other.example': { auth: 'YTpi' } }, plugins: { a: { b: [1, null] } } }
    await writeConfig(config)
    await chmod(file(), 0o644)
    await storeCredentials('docker.io', credentials, { env })
    const auth = Buffer.from('user:pass:word').toString('base64')
    const auths = { ...config.auths, 'https://index.docker.io/v1/': { auth } }
    expect(await readConfig()).toEqual({ ...config, auths })
    expect((await stat(file())).mode & 0o777).toBe(0o600)
  })

  test('stores an identity token instead of the password', async () => {
    await storeCredentials('r.example', { ...credentials, identityToken: 'token' }, { env })
    expect((await findCredentials('r.example', { env })).auth).toEqual({ identityToken: 'token' })
    expect(await readFile(file(), 'utf8')).not.toContain(Buffer.from('pass:word').toString('base64').slice(0, 8))
  })

  test('passes the credentials to the helper of the registry, and records only the server in the file', async () => {
    const readLog = await writeHelper('own')
    await writeConfig({ credsStore: 'none', credHelpers: { 'r.example': 'own' } })
    expect(await storeCredentials('r.example', credentials, { env })).toEqual({ helper: 'own' })
    const [action, input = ''] = (await readLog()).split('\n')
    expect(action).toBe('store')
    expect(JSON.parse(input)).toEqual({ ServerURL: 'r.example', Username: 'user', Secret: 'pass:word' })
    expect(await readConfig()).toMatchObject({ credHelpers: { 'r.example': 'own' }, auths: { 'r.example': {} } })
    await storeCredentials('r.example', { ...credentials, identityToken: 'token' }, { env })
    expect(await readLog()).toContain('"Username":"<token>","Secret":"token"')
  })

  test('rejects without the password when the helper fails, and does not change the file', async () => {
    await writeHelper('own', 1, 'the secret is pass:word')
    await writeConfig({ credsStore: 'own' })
    const failure = await storeCredentials('r.example', credentials, { env }).catch((error: unknown) => error)
    expect(failure).toMatchObject({
      code: 'OPERATION_FAILED',
      facts: { reason: 'credential helper docker-credential-own ended with exit code 1' },
    })
    expect(inspect(failure, { depth: 9, showHidden: true })).not.toContain('pass:word')
    expect(await readConfig()).toEqual({ credsStore: 'own' })
  })

  test.for(['{"auths": ', '[]', '"text"'])('rejects for the file %s and does not change it', async (content) => {
    await writeConfig(content)
    await expect(storeCredentials('r.example', credentials, { env })).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
    })
    expect(await readFile(file(), 'utf8')).toBe(content)
    expect(await readdir(join(directory, 'docker'))).toEqual(['config.json'])
  })

  test('changes the file of a link, and not the link', async () => {
    await mkdir(join(directory, 'docker'))
    await writeFile(join(directory, 'real.json'), '{"psFormat":"x"}')
    await symlink('../real.json', file())
    await storeCredentials('r.example', credentials, { env })
    expect(await readConfig()).toMatchObject({ psFormat: 'x', auths: { 'r.example': {} } })
    expect(await readdir(directory)).toContain('real.json')
    expect(JSON.parse(await readFile(join(directory, 'real.json'), 'utf8'))).toHaveProperty('auths')
  })
})

describe('eraseCredentials', () => {
  test('removes each entry of the registry and keeps the others', async () => {
    const entry = { auth: 'YTpi' }
    await writeConfig({ a: 1, auths: { 'r.example': entry, 'https://r.example/v1/': entry, 'other.example': entry } })
    expect(await eraseCredentials('r.example', { env })).toBe(true)
    expect(await readConfig()).toEqual({ a: 1, auths: { 'other.example': entry } })
    expect(await eraseCredentials('r.example', { env })).toBe(false)
  })

  test('erases in the helper, also credentials that it does not have', async () => {
    const readLog = await writeHelper('own', 1, 'credentials not found in native keychain')
    await writeConfig({ credsStore: 'own', auths: { 'r.example': {} } })
    expect(await eraseCredentials('r.example', { env })).toBe(true)
    expect(await readLog()).toBe('erase\nr.example\n')
    expect(await readConfig()).toEqual({ credsStore: 'own', auths: {} })
  })

  test('names what has failed: erasing, and not storing', async () => {
    await writeConfig({ credsStore: 'absent' })
    const credentials = { username: 'a', password: 'b' }
    const failed = (operation: string) => ({ code: 'OPERATION_FAILED', facts: { operation } })
    await expect(eraseCredentials('r.example', { env })).rejects.toMatchObject(failed('erasing'))
    await expect(storeCredentials('r.example', credentials, { env })).rejects.toMatchObject(failed('storing'))
  })

  test('creates no file', async () => {
    expect(await eraseCredentials('r.example', { env })).toBe(false)
    expect(await readdir(directory)).toEqual([])
  })
})
