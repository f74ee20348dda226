import { describe, expect, test } from 'vitest'
import { toCreateBody } from '../../src/containers/create-body.js'

const body = (config: object, apiVersion = '1.41') =>
  toCreateBody({ image: 'x', ...config }, { labels: { l: '1' }, apiVersion }) as Record<string, Record<string, unknown>>

describe('toCreateBody', () => {
  test('omits the fields that the config omits', () => {
    expect(body({})).toEqual({
      Image: 'x',
      Labels: { l: '1' },
      Tty: false,
      OpenStdin: false,
      StdinOnce: false,
      AttachStdin: false,
      AttachStdout: true,
      AttachStderr: true,
      HostConfig: {},
    })
  })

  test('converts systempaths=unconfined, and passes the other security options on', () => {
    expect(body({ securityOptions: ['seccomp=unconfined'] }).HostConfig).toEqual({
      SecurityOpt: ['seccomp=unconfined'],
    })
    const securityOptions = ['seccomp=unconfined', 'systempaths=unconfined']
    expect(body({ securityOptions }).HostConfig).toEqual({
      SecurityOpt: ['seccomp=unconfined'],
      MaskedPaths: [],
      ReadonlyPaths: [],
    })
  })

  test('sets process and limits', () => {
    expect(
      body({
        command: ['a', 'b'],
        entrypoint: [],
        env: { A: 'x=y', B: '' },
        user: 'u:g',
        workingDirectory: '/w',
        hostname: 'h',
        interactive: true,
        tty: true,
        stopSignal: 'SIGINT',
        cpus: 0.5,
        memoryBytes: 2 ** 26,
        pidsLimit: 5,
        ulimits: [{ name: 'nofile', soft: 1, hard: -1 }],
        groupAdd: ['audio'],
        init: true,
        autoRemove: true,
        readOnlyRootFilesystem: true,
      }),
    ).toMatchObject({
      Cmd: ['a', 'b'],
      Entrypoint: [],
      Env: ['A=x=y', 'B='],
      User: 'u:g',
      WorkingDir: '/w',
      Hostname: 'h',
      OpenStdin: true,
      StdinOnce: true,
      Tty: true,
      StopSignal: 'SIGINT',
      HostConfig: {
        NanoCpus: 500_000_000,
        Memory: 2 ** 26,
        PidsLimit: 5,
        Ulimits: [{ Name: 'nofile', Soft: 1, Hard: -1 }],
        GroupAdd: ['audio'],
        Init: true,
        AutoRemove: true,
        ReadonlyRootfs: true,
      },
    })
  })

  test('publishes ports on 127.0.0.1 by default, with an empty host port for the engine to choose', () => {
    const ports = [
      { containerPort: 80 },
      { containerPort: 80, hostPort: 8_080, hostAddress: '0.0.0.0' },
      { containerPort: 53, protocol: 'udp' },
    ]
    expect(body({ ports })).toMatchObject({
      ExposedPorts: { '80/tcp': {}, '53/udp': {} },
      HostConfig: {
        PortBindings: {
          '80/tcp': [
            { HostIp: '127.0.0.1', HostPort: '' },
            { HostIp: '0.0.0.0', HostPort: '8080' },
          ],
          '53/udp': [{ HostIp: '127.0.0.1', HostPort: '' }],
        },
      },
    })
  })

  test('sends binds and volumes as Mounts, so that a missing source fails', () => {
    const mounts = [
      { type: 'bind', source: '/s', target: '/t', readOnly: true },
      { type: 'volume', source: 'v', target: '/u' },
      { type: 'tmpfs', target: '/tmp', sizeBytes: 1_024, mode: 0o1777 },
    ]
    expect(body({ mounts }).HostConfig).toEqual({
      Mounts: [
        { Type: 'bind', Source: '/s', Target: '/t', ReadOnly: true },
        { Type: 'volume', Source: 'v', Target: '/u' },
      ],
      Tmpfs: { '/tmp': 'noexec,size=1024,mode=1777' },
    })
    expect(body({ mounts }, '1.46').HostConfig?.Mounts).toContainEqual({
      Type: 'tmpfs',
      Target: '/tmp',
      TmpfsOptions: { SizeBytes: 1_024, Mode: 1_023 },
    })
  })

  test('sends a tmpfs with text options before API 1.46, and as Mounts from then on', () => {
    const mounts = [{ type: 'tmpfs', target: '/t', executable: true, sizeBytes: 9, mode: 0o700 }]
    expect(body({ mounts }).HostConfig).toEqual({ Tmpfs: { '/t': 'exec,size=9,mode=700' } })
    expect(body({ mounts }, '1.46').HostConfig).toEqual({
      Mounts: [{ Type: 'tmpfs', Target: '/t', TmpfsOptions: { SizeBytes: 9, Mode: 0o700, Options: [['exec']] } }],
    })
  })

  test.each([
    [undefined, undefined],
    [{ mode: 'default' }, undefined],
    [{ mode: 'none' }, 'none'],
    [{ mode: 'host' }, 'host'],
  ])('sets the mode of the network %j', (network, mode) => {
    expect(body({ network }).HostConfig?.NetworkMode).toBe(mode)
  })

  test('sets only the name servers of the caller, and extra hosts as name:address', () => {
    expect(body({}).HostConfig).not.toHaveProperty('Dns')
    expect(body({ dns: ['1.1.1.1'], extraHosts: { a: 'host-gateway' } }).HostConfig).toEqual({
      Dns: ['1.1.1.1'],
      ExtraHosts: ['a:host-gateway'],
    })
  })

  test('sends null in env as a name without a value', () => {
    const config = { image: 'x', env: { A: '1', GONE: null, EMPTY: '' } }
    const options = { labels: {}, apiVersion: '1.41' }
    expect(toCreateBody(config, options)).toMatchObject({ Env: ['A=1', 'GONE', 'EMPTY='] })
  })
})
