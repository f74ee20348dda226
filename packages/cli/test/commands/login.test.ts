import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { startRegistry } from '../../../../test/support/registry-server.js'
import { FakeIo } from '../support/fake-io.js'
import { runCapstan } from '../support/run-capstan.js'

const credentials = { username: 'user', password: 'test word:with colon' }
let env: Readonly<Record<string, string>>
let host: string

const capstan = (argv: readonly string[], more: object = {}) => runCapstan(argv, { env, ...more })

beforeEach(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'capstan-login-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  env = { DOCKER_CONFIG: directory, PATH: directory }
  host = (await startRegistry({ scheme: 'basic', ...credentials }, '127.0.0.1')).host
})

describe('capstan login and logout', () => {
  it('stores checked credentials, checks the stored ones without a user, and removes them', async () => {
    const stdin = `${credentials.password}\n`
    const stored = await capstan(['login', '-u', 'user', '--password-stdin', `http://${host}/v2/`], { stdin })
    expect(stored).toMatchObject({ exitCode: 0, stdout: 'Login Succeeded\n' })
    expect(stored.stderr).toMatch(/config\.json without encryption/)
    const config = JSON.parse(await readFile(join(String(env.DOCKER_CONFIG), 'config.json'), 'utf8'))
    expect(Object.keys(config.auths)).toEqual([host])
    expect(await capstan(['login', host])).toEqual({ exitCode: 0, stdout: 'Login Succeeded\n', stderr: '' })
    expect((await capstan(['logout', host])).stdout).toBe(`Removing login credentials for ${host}\n`)
    expect((await capstan(['logout', host])).stdout).toBe(`Not logged in to ${host}\n`)
  })

  it('fails for a wrong password without showing it, and stores nothing', async () => {
    const failed = await capstan(['login', '-u', 'user', '--password-stdin', host], { stdin: 'wrong-secret' })
    expect(failed).toMatchObject({ exitCode: 125, stdout: '' })
    expect(failed.stderr).toContain('the registry rejects the user name or the password')
    expect(failed.stderr).not.toContain('wrong-secret')
    await expect(readFile(join(String(env.DOCKER_CONFIG), 'config.json'))).rejects.toThrow('ENOENT')
  })

  it('asks on a terminal, and does not show the password', async () => {
    const io = new FakeIo({ env, isTerminal: true, isStdinOpen: true })
    const running = capstan(['login', host], { io })
    await io.stderr.waitFor(/Username: /)
    io.stdin.write('user\r')
    await io.stderr.waitFor(/Password: /)
    io.stdin.write(`${credentials.password}\r`)
    expect(await running).toMatchObject({ exitCode: 0, stdout: 'Login Succeeded\n' })
    expect(io.stderr.text).not.toContain('test word')
  })

  it('warns about a password on the command line', async () => {
    const { exitCode, stderr } = await capstan(['login', '-u', 'user', '-p', credentials.password, host])
    expect(exitCode).toBe(0)
    expect(stderr).toContain('use --password-stdin')
  })

  it.each<readonly [readonly string[], string]>([
    [[], 'stdin is not a terminal'],
    [['-u', 'user'], 'stdin is not a terminal'],
    [['--password-stdin'], '--password-stdin needs --username'],
    [['-u', 'user', '-p', 'x', '--password-stdin'], 'exclude each other'],
    [['-u', 'user', '--password-stdin'], 'the password is empty'],
    [['-u', 'a:b', '--password-stdin'], 'contains ":"'],
  ])('rejects %j', async (argv, message) => {
    const { exitCode, stderr } = await capstan(['login', ...argv, host])
    expect(exitCode).toBe(125)
    expect(stderr).toContain(message)
  })

  it.each(['', '-x', 'a b', 'user@host', 'host:port'])('rejects the registry %j', async (registry) => {
    expect((await capstan(['logout', '--', registry])).stderr).toContain('the host of a registry')
  })
})
