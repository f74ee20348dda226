import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { validateContainerConfig } from '@capstan/core/plugin'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseUlimit, type RunCommandOptions, toRunConfig } from '../../src/options/run-config.js'

const io = { env: { HOME: '/home/me' }, cwd: '/home/me' }
const persistent = { 'capstan.lifetime': 'persistent' }

function toConfig(options: Partial<RunCommandOptions>, { command = [] as readonly string[], cwd = io.cwd } = {}) {
  return toRunConfig({ image: 'busybox', command, options: { pull: 'missing', ...options } }, { ...io, cwd })
}

describe('toRunConfig', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'capstan cli '))
    await writeFile(join(folder, 'app.env'), '# settings\nMODE=file\nLEVEL=1\nHOME\n')
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('sets no field without options', async () => {
    expect(await toConfig({ rm: true })).toEqual({ image: 'busybox', autoRemove: true })
  })

  it('converts every option into a field that the validator accepts', async () => {
    const config = await toConfig(
      {
        interactive: true,
        tty: true,
        rm: true,
        init: true,
        stopSignal: 'SIGINT',
        name: 'web',
        hostname: 'web.local',
        env: ['A=1', 'HOME', 'GONE'],
        workdir: '/srv',
        user: '1000:1000',
        groupAdd: ['video'],
        entrypoint: '/bin/sh',
        label: ['tier=front', 'bare'],
        platform: 'linux/arm64',
        pull: 'never',
        volume: ['./src:/src:ro', 'cache:/cache'],
        tmpfs: ['/run:size=1m'],
        readOnly: true,
        publish: ['8080:80', '127.0.0.1::53/udp'],
        network: ['backend', 'frontend'],
        networkAlias: ['api'],
        dns: ['10.0.0.1'],
        addHost: ['db:10.0.0.2'],
        memory: '512m',
        cpus: '1.5',
        pidsLimit: '64',
        ulimit: ['nofile=64:128'],
        privileged: true,
        capAdd: ['NET_ADMIN'],
        capDrop: ['ALL'],
        securityOpt: ['seccomp=unconfined'],
        healthCmd: 'true',
        expose: ['90'],
        device: ['/dev/null'],
        gpus: 'all',
        ociRuntime: 'runsc',
        ipc: 'private',
        pid: 'host',
        shmSize: '1m',
        logDriver: 'local',
      },
      { command: ['-c', 'exit 7'] },
    )
    expect(() => validateContainerConfig(config)).not.toThrow()
    expect(config).toEqual({
      image: 'busybox',
      command: ['-c', 'exit 7'],
      entrypoint: ['/bin/sh'],
      interactive: true,
      tty: true,
      autoRemove: true,
      init: true,
      stopSignal: 'SIGINT',
      name: 'web',
      hostname: 'web.local',
      env: { A: '1', HOME: '/home/me', GONE: null },
      workingDirectory: '/srv',
      user: '1000:1000',
      groupAdd: ['video'],
      labels: { 'capstan.lifetime': 'lease', tier: 'front', bare: '' },
      platform: 'linux/arm64',
      pull: 'never',
      mounts: [
        { type: 'bind', source: '/home/me/src', target: '/src', readOnly: true },
        { type: 'volume', source: 'cache', target: '/cache', readOnly: false, labels: persistent },
        { type: 'tmpfs', target: '/run', sizeBytes: 1_048_576 },
      ],
      readOnlyRootFilesystem: true,
      ports: [
        { containerPort: 80, hostPort: 8080, hostAddress: 'any', protocol: 'tcp' },
        { containerPort: 53, hostAddress: '127.0.0.1', protocol: 'udp' },
      ],
      network: {
        mode: 'networks',
        networks: [
          { networkId: 'backend', aliases: ['api'] },
          { networkId: 'frontend', aliases: ['api'] },
        ],
      },
      dns: ['10.0.0.1'],
      extraHosts: { db: '10.0.0.2' },
      memoryBytes: 536_870_912,
      cpus: 1.5,
      pidsLimit: 64,
      ulimits: [{ name: 'nofile', soft: 64, hard: 128 }],
      privileged: true,
      capAdd: ['NET_ADMIN'],
      capDrop: ['ALL'],
      securityOptions: ['seccomp=unconfined'],
      healthcheck: { command: 'true' },
      exposedPorts: [{ containerPort: 90, protocol: 'tcp' }],
      devices: [{ source: '/dev/null' }],
      gpus: 'all',
      ociRuntime: 'runsc',
      ipcMode: 'private',
      pidMode: 'host',
      shmSizeBytes: 1_048_576,
      logDriver: { name: 'local' },
    })
  })

  it('prefers -e over --env-file', async () => {
    const { env } = await toConfig({ envFile: ['app.env'], env: ['MODE=option'] }, { cwd: folder })
    expect(env).toEqual({ MODE: 'option', LEVEL: '1', HOME: '/home/me' })
  })

  it('without NAME in the environment, ignores the line of a file, and removes the variable of the image with -e NAME', async () => {
    await writeFile(join(folder, 'bare.env'), 'HOME\nGONE\nGONE_TOO\n')
    const { env } = await toConfig({ envFile: ['bare.env'], env: ['GONE_TOO'] }, { cwd: folder })
    expect(env).toEqual({ HOME: '/home/me', GONE_TOO: null })
  })

  it('names the environment file and the line that is not UTF-8', async () => {
    await writeFile(join(folder, 'latin1.env'), Buffer.from('A=1\nCITY=K\xf6ln\n', 'latin1'))
    await expect(toConfig({ envFile: ['latin1.env'] }, { cwd: folder })).rejects.toThrow(
      /latin1\.env, line 2: not UTF-8/,
    )
  })

  it('rejects --restart with --rm', async () => {
    expect(await toConfig({ restart: 'on-failure:2' })).toMatchObject({
      restartPolicy: { name: 'on-failure', maxRetries: 2 },
    })
    await expect(toConfig({ restart: 'always', rm: true })).rejects.toThrow('--restart cannot be used with --rm')
  })

  it('rejects a second address of a host name', async () => {
    expect((await toConfig({ addHost: ['db:10.0.0.2', 'db=10.0.0.2'] })).extraHosts).toEqual({ db: '10.0.0.2' })
    await expect(toConfig({ addHost: ['db:10.0.0.2', 'db:::1'] })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      facts: { field: '--add-host' },
    })
  })

  it('names an environment file that does not exist', async () => {
    await expect(toConfig({ envFile: ['none.env'] }, { cwd: folder })).rejects.toThrow(/none\.env .*it does not exist/)
  })

  it('labels a container that remains after the command as persistent, so that no sweep removes it', async () => {
    expect((await toConfig({})).labels).toEqual(persistent)
    expect((await toConfig({ rm: true, detach: true })).labels).toEqual(persistent)
    expect((await toConfig({ rm: true })).labels).toBeUndefined()
    const terminal = { rm: true, interactive: true, tty: true }
    expect((await toConfig(terminal)).labels).toEqual({ 'capstan.lifetime': 'lease' })
    expect((await toConfig({ ...terminal, detachKeys: '' })).labels).toBeUndefined()
  })

  it.each([
    ['host', { mode: 'host' }],
    ['none', { mode: 'none' }],
    ['bridge', { mode: 'default' }],
  ])('reads --network %s as a mode', async (network, expected) => {
    expect((await toConfig({ network: [network] })).network).toEqual(expected)
  })

  it.each([
    [{ network: ['none', 'backend'] }, '--network'],
    [{ network: ['backend', 'host'] }, '--network'],
    [{ memory: 'lots' }, '--memory'],
    [{ cpus: 'two' }, '--cpus'],
    [{ publish: ['1-2:3'] }, '--publish'],
  ])('rejects %j, naming %s', async (options, field) => {
    await expect(toConfig(options)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', facts: { field } })
  })

  it.each([
    [{ network: ['none'], publish: ['81'] }, '--publish cannot be used with --network none'],
    [{ network: ['host'], publish: ['81'] }, '--publish cannot be used with --network host'],
    [{ networkAlias: ['api'] }, '--network-alias needs a --network with the name or ID of a network'],
    [
      { network: ['host'], networkAlias: ['api'] },
      '--network-alias needs a --network with the name or ID of a network',
    ],
  ])('rejects the combination %j: %s', async (options, message) => {
    await expect(toConfig(options)).rejects.toThrow(message)
  })

  it.each([
    [{ network: ['a', 'host'] }, '--network must be the name or ID of a network if it is repeated, not "host"'],
    [
      { addHost: ['a:10.0.0.1', 'a:10.0.0.2'] },
      '--add-host must be a name that has no other address, not "a:10.0.0.2"',
    ],
    [{ publish: ['80-81:80'] }, '--publish must be a single port (repeat the option for several), not "80-81:80"'],
    [{ volume: ['/data'] }, '--volume must be SOURCE:TARGET (anonymous volumes are not supported), not "/data"'],
    [
      { volume: ['/a:/b:nocopy'] },
      '--volume must be SOURCE:TARGET[:ro|rw][,z|Z], without other options, not "/a:/b:nocopy"',
    ],
  ])('rejects %j in a sentence: %s', async (options, message) => {
    await expect(toConfig(options)).rejects.toThrow(message)
  })

  it('removes the entrypoint for an empty --entrypoint', async () => {
    expect((await toConfig({ entrypoint: '' })).entrypoint).toEqual([])
  })
})

describe('parseUlimit', () => {
  it.each([
    ['nofile=1024:2048', { name: 'nofile', soft: 1024, hard: 2048 }],
    ['nproc=64', { name: 'nproc', soft: 64, hard: 64 }],
    ['core=-1', { name: 'core', soft: -1, hard: -1 }],
  ])('reads %s', (text, limit) => {
    expect(parseUlimit(text)).toEqual(limit)
  })

  it.each(['nofile', 'nofile=', '=1', 'nofile=1:2:3', 'nofile=-2'])('rejects %s', (text) => {
    expect(() => parseUlimit(text)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})
