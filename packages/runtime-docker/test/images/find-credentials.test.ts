import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { findCredentials } from '../../src/images/find-credentials.js'
import { toAuthHeader, toConfigHeader } from '../../src/images/registry-auth.js'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'capstan-credentials-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
})

async function find(
  registry: string,
  config: object | string,
  env: Readonly<Record<string, string>> = {},
  helperTimeoutMs = 20_000,
) {
  await writeFile(join(directory, 'config.json'), typeof config === 'string' ? config : JSON.stringify(config))
  return findCredentials(registry, { env: { DOCKER_CONFIG: directory, PATH: directory, ...env }, helperTimeoutMs })
}

/** Creates a helper from a shell script, in which `$server` is its input. */
async function writeHelper(name: string, script: string): Promise<void> {
  const path = join(directory, `docker-credential-${name}`)
  await writeFile(path, `#!/bin/sh\nexport PATH=/usr/bin:/bin\n[ "$1" = get ] || exit 70\n${script}\n`)
  await chmod(path, 0o755)
}

const encoded = Buffer.from('user:pass:word').toString('base64')

test('finds the credentials of a registry for any format of its key', async () => {
  const keys = ['r.example:5000', 'https://r.example:5000', 'http://r.example:5000/v1/', 'r.example:5000/v2/']
  for (const key of keys) {
    const { auth } = await find('r.example:5000', { auths: { [key]: { auth: encoded } } })
    expect(auth).toEqual({ username: 'user', password: 'pass:word' })
  }
  expect(await find('r.example', { auths: { 'r.example:5000': { auth: encoded } } })).toEqual({
    auth: undefined,
    problem: undefined,
  })
})

test('finds Docker Hub by each of its names, with precedence for its first URL', async () => {
  for (const key of ['https://index.docker.io/v1/', 'docker.io', 'index.docker.io']) {
    expect((await find('docker.io', { auths: { [key]: { auth: encoded } } })).auth).toMatchObject({ username: 'user' })
  }
})

test('prefers an identity token to a password, and reads plain fields without an encoded one', async () => {
  const token = { auths: { 'r.example': { auth: encoded, identitytoken: 'token' } } }
  expect((await find('r.example', token)).auth).toEqual({ identityToken: 'token' })
  const plain = { auths: { 'r.example': { username: 'u', password: 'p' } } }
  expect((await find('r.example', plain)).auth).toEqual({ username: 'u', password: 'p' })
})

test('prefers a registry token to all others, and sends it as such', async () => {
  const entry = { auth: encoded, identitytoken: 'identity', registrytoken: 'bearer' }
  const { auth } = await find('r.example', { auths: { 'https://r.example/v2/': entry } })
  expect(auth).toEqual({ registryToken: 'bearer' })
  const header = auth === undefined ? '' : toAuthHeader(auth, 'r.example')
  expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({
    registrytoken: 'bearer',
    serveraddress: 'r.example',
  })
})

test.for<[string, object, object | undefined]>([
  ['an empty entry', {}, undefined],
  ['an entry with an empty auth', { auth: '' }, undefined],
  ['only an e-mail address', { email: 'a@b.example' }, undefined],
  ['a user without a password', { auth: btoa('user:') }, { username: 'user', password: '' }],
  ['NUL around the password', { auth: btoa('user:\0pass\0\0') }, { username: 'user', password: 'pass' }],
  [
    'base64 over several lines',
    { auth: `${encoded.slice(0, 8)}\n${encoded.slice(8)}` },
    { username: 'user', password: 'pass:word' },
  ],
  ['an identity token with the user <token>', { auth: btoa('<token>:'), identitytoken: 't' }, { identityToken: 't' }],
  ['an identity token with the user 0', { auth: btoa('0:'), identitytoken: 't' }, { identityToken: 't' }],
  ['fields of other types', { auth: 1, username: {}, identitytoken: null, registrytoken: [] }, undefined],
  ['an entry that is a text', new String('x'), undefined],
])('reads %s', async ([, entry, auth]) => {
  expect(await find('r.example', { auths: { 'r.example': entry } })).toEqual({ auth, problem: undefined })
})

test.for(['bm90IGEgdXNlcg==', btoa(':password'), '%%%'])(
  'reports an auth that is not a user and a password, without showing it: %s',
  async (auth) => {
    expect(await find('r.example', { auths: { 'r.example': { auth } } })).toEqual({
      auth: undefined,
      problem: 'the stored credentials of r.example are not the base64 of a user and a password',
    })
  },
)

test('reads the file, and not credsStore, when the name of the helper is empty', async () => {
  const config = { credHelpers: { 'r.example': '' }, credsStore: 'absent', auths: { 'r.example': { auth: encoded } } }
  expect((await find('r.example', config)).auth).toMatchObject({ username: 'user' })
})

test('finds the registry registry-1.docker.io under its own name, which is not that of Docker Hub', async () => {
  const config = { auths: { 'https://registry-1.docker.io/v2/': { auth: encoded } } }
  expect((await find('registry-1.docker.io', config)).auth).toMatchObject({ username: 'user' })
})

test.for(['', ' \n', '\uFEFF', '\uFEFF{}'])('reports no problem for a config.json of %j', async (text) => {
  expect(await find('r.example', text)).toEqual({ auth: undefined, problem: undefined })
})

test('prefers DOCKER_AUTH_CONFIG', async () => {
  const given = JSON.stringify({ auths: { 'r.example': { username: 'env', password: 'p' } } })
  const config = { auths: { 'r.example': { auth: encoded } } }
  const found = await find('r.example', config, { DOCKER_AUTH_CONFIG: given })
  expect(found.auth).toMatchObject({ username: 'env' })
  expect((await find('r.example', config, { DOCKER_AUTH_CONFIG: '{}' })).auth).toMatchObject({ username: 'user' })
})

test('runs the helper of the registry or else the store, with the server on stdin', async () => {
  const answer = (user: string) => `read -r server; echo "{\\"Username\\":\\"${user}\\",\\"Secret\\":\\"$server\\"}"`
  await writeHelper('special', answer('special'))
  await writeHelper('store', answer('store'))
  const config = { credHelpers: { 'r.example': 'special' }, credsStore: 'store' }
  expect((await find('r.example', config)).auth).toEqual({ username: 'special', password: 'r.example' })
  expect((await find('docker.io', config)).auth).toEqual({
    username: 'store',
    password: 'https://index.docker.io/v1/',
  })
})

test('reads an identity token of a helper, and its answer that it has no credentials', async () => {
  await writeHelper('token', `echo '{"Username":"<token>","Secret":"t"}'`)
  expect((await find('r.example', { credsStore: 'token' })).auth).toEqual({ identityToken: 't' })
  await writeHelper('none', 'echo "credentials not found in native keychain"; exit 1')
  expect(await find('r.example', { credsStore: 'none' })).toEqual({ auth: undefined, problem: undefined })
})

test.for([
  ['fails', 'echo SECRET; echo SECRET >&2; exit 3', /docker-credential-bad ended with exit code 3$/],
  ['does not print JSON', 'echo SECRET', /docker-credential-bad gave no credentials$/],
  ['prints without end', 'exec yes SECRET', /docker-credential-bad printed too much$/],
] as const)('reports a helper that %s as a problem, without its output', async ([, script, problem]) => {
  await writeHelper('bad', script)
  const found = await find('r.example', { credsStore: 'bad' })
  expect(found.auth).toBeUndefined()
  expect(found.problem).toMatch(problem)
})

test('reports a helper that hangs as a problem, without its output', async () => {
  await writeHelper('bad', 'echo SECRET; exec sleep 60')
  const found = await find('r.example', { credsStore: 'bad' }, {}, 300)
  expect(found).toEqual({
    auth: undefined,
    problem: 'credential helper docker-credential-bad did not answer within 300 ms',
  })
})

test('reports a missing helper as a problem, and uses the credentials in the file', async () => {
  expect((await find('r.example', { credsStore: 'absent' })).problem).toBe(
    'credential helper docker-credential-absent is not on PATH',
  )
  const config = { credsStore: 'absent', auths: { 'r.example': { auth: encoded } } }
  expect((await find('r.example', config)).auth).toMatchObject({ username: 'user' })
})

test('starts no program for an invalid name of a helper', async () => {
  await writeHelper('bad', `touch ${directory}/started`)
  for (const credsStore of ['../docker-credential-bad', '-x', 'a b', 'bad;bad', 'bad\nbad']) {
    expect((await find('r.example', { credsStore })).problem).toMatch(/is not a valid name of a credential helper/)
  }
})

test('reports an invalid file as a problem without its text, and no problem for a missing file', async () => {
  const { auth, problem } = await find('r.example', '{"auths": SECRET')
  expect(auth).toBeUndefined()
  expect(problem).toBe(`${directory}/config.json is not JSON`)
  const absent = await findCredentials('r.example', { env: { DOCKER_CONFIG: join(directory, 'none') } })
  expect(absent).toEqual({ auth: undefined, problem: undefined })
})

test('kills the helper at an abort, and rejects with its reason', async () => {
  await writeHelper('slow', `echo $$ > ${directory}/pid; exec sleep 60`)
  await writeFile(join(directory, 'config.json'), '{"credsStore":"slow"}')
  const abort = new AbortController()
  const reason = new Error('enough')
  const env = { DOCKER_CONFIG: directory, PATH: directory }
  const finding = findCredentials('r.example', { env }, abort)
  const pid = await vi.waitUntil(async () => Number(await readFile(join(directory, 'pid'), 'utf8').catch(() => '')))
  abort.abort(reason)
  await expect(finding).rejects.toBe(reason)
  await vi.waitUntil(() => !isAlive(pid))
  await expect(findCredentials('r.example', { env }, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
})

test('does not wait for the helper after an earlier abort', async () => {
  await writeHelper('slow', 'exec sleep 60')
  await writeFile(join(directory, 'config.json'), '{"credsStore":"slow"}')
  const abort = new AbortController()
  const finding = findCredentials('r.example', { env: { DOCKER_CONFIG: directory, PATH: directory } }, abort)
  abort.abort('enough') // while the file is read
  await expect(finding).rejects.toBe('enough')
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('sends credentials in base64url with padding, and those of a build by server', () => {
  const auth = { username: 'ü?>', password: '~~~' }
  const decode = (header: string) => JSON.parse(Buffer.from(header, 'base64url').toString())
  for (const username of ['a', 'ab', 'abc']) {
    const header = toAuthHeader({ ...auth, username }, 'r.example')
    expect(header).toMatch(/^[A-Za-z0-9_-]+=*$/)
    expect(header.length % 4).toBe(0)
  }
  expect(decode(toAuthHeader(auth, 'docker.io'))).toEqual({ ...auth, serveraddress: 'https://index.docker.io/v1/' })
  expect(decode(toAuthHeader({ identityToken: 't' }, 'r.example'))).toEqual({
    identitytoken: 't',
    serveraddress: 'r.example',
  })
  expect(Object.keys(decode(toConfigHeader(new Map([['docker.io', auth]]))))).toEqual(['https://index.docker.io/v1/'])
})
