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

  test('sets the OCI runtime, devices, namespaces, restarts, health check and log driver', () => {
    const settings = body({
      ociRuntime: 'runsc',
      devices: [{ source: '/dev/fuse' }, { source: '/dev/kvm', target: '/dev/k', permissions: 'r' }],
      gpus: { ids: ['0', 'GPU-1'] },
      ipcMode: { container: 'other' },
      pidMode: 'host',
      shmSizeBytes: 1024,
      restartPolicy: { name: 'on-failure', maxRetries: 3 },
      healthcheck: { command: ['test', '-e', '/x'], intervalMs: 100, timeoutMs: 1, retries: 2 },
      logDriver: { name: 'local', options: { 'max-size': '1m' } },
      network: { mode: 'container', id: 'other' },
    })
    expect(settings.HostConfig).toEqual({
      Runtime: 'runsc',
      Devices: [
        { PathOnHost: '/dev/fuse', PathInContainer: '/dev/fuse', CgroupPermissions: 'rwm' },
        { PathOnHost: '/dev/kvm', PathInContainer: '/dev/k', CgroupPermissions: 'r' },
      ],
      DeviceRequests: [{ DeviceIDs: ['0', 'GPU-1'], Capabilities: [['gpu']] }],
      IpcMode: 'container:other',
      PidMode: 'host',
      ShmSize: 1024,
      RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 },
      LogConfig: { Type: 'local', Config: { 'max-size': '1m' } },
      NetworkMode: 'container:other',
    })
    const check = { Test: ['CMD', 'test', '-e', '/x'], Interval: 1e8, Timeout: 1e6, Retries: 2 }
    expect(settings.Healthcheck).toEqual(check)
  })

  test('sends a short interval of a health check also for the start period from API 1.44 on', () => {
    const toCheck = (healthcheck: object, apiVersion: string) => body({ healthcheck }, apiVersion).Healthcheck
    const short = { command: 'true', intervalMs: 1000 }
    const sent = { Test: ['CMD-SHELL', 'true'], Interval: 1e9 }
    expect(toCheck(short, '1.43')).toEqual(sent)
    expect(toCheck(short, '1.44')).toEqual({ ...sent, StartInterval: 1e9 })
    expect(toCheck({ command: 'true', intervalMs: 6000 }, '1.44')).toEqual({ ...sent, Interval: 6e9 })
    expect(body({ healthcheck: 'none' }).Healthcheck).toEqual({ Test: ['NONE'] })
  })

  test('requests all GPUs, or a number of them', () => {
    const toRequests = (gpus: unknown) => body({ gpus }).HostConfig?.DeviceRequests
    expect(toRequests('all')).toEqual([{ Count: -1, Capabilities: [['gpu']] }])
    expect(toRequests({ count: 2 })).toEqual([{ Count: 2, Capabilities: [['gpu']] }])
  })

  test('sends a bind mount in Binds only if its source is to be relabelled', () => {
    const mounts = [
      { type: 'bind', source: '/a', target: '/a', relabel: 'shared' },
      { type: 'bind', source: '/b', target: '/b', relabel: 'private', readOnly: true },
      { type: 'bind', source: '/c', target: '/c' },
    ]
    expect(body({ mounts }).HostConfig).toEqual({
      Binds: ['/a:/a:z', '/b:/b:Z,ro'],
      Mounts: [{ Type: 'bind', Source: '/c', Target: '/c' }],
    })
  })

  test('declares exposed ports beside published ones, which alone have bindings', () => {
    const created = body({ ports: [{ containerPort: 80 }], exposedPorts: [{ containerPort: 53, protocol: 'udp' }] })
    expect(created.ExposedPorts).toEqual({ '80/tcp': {}, '53/udp': {} })
    expect(Object.keys(created.HostConfig?.PortBindings ?? {})).toEqual(['80/tcp'])
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
