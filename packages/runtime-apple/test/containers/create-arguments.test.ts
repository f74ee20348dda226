import type { ContainerConfig } from '@capstan/core'
import { describe, expect, it } from 'vitest'
import { findUnquotable, toCreateArguments } from '../../src/containers/create-arguments.js'

const settings = { name: 'web', image: 'busybox:1', labels: {}, ports: [] }
const toArguments = (config: Partial<ContainerConfig>) =>
  toCreateArguments({ image: 'busybox:1', ...config }, settings).slice(2, -1)

describe('toCreateArguments', () => {
  it('puts all options before the image, and passes the command unchanged', () => {
    const argv = toCreateArguments(
      { image: 'x', entrypoint: ['sh', '-c'], command: ['--rm', '--', ''] },
      { ...settings, labels: { a: 'b', empty: '' } },
    )
    expect(argv).toEqual([
      'create',
      '--name=web',
      '--entrypoint=sh',
      '--label=a=b',
      '--label=empty',
      'busybox:1',
      '-c',
      '--rm',
      '--',
      '',
    ])
  })

  const cases: readonly (readonly [string, Partial<ContainerConfig>, readonly string[]])[] = [
    ['a value that begins with a dash is attached', { env: { A: '-x' } }, ['--env=A=-x']],
    ['an empty value is an argument of its own', { entrypoint: [''] }, ['--entrypoint', '']],
    ['values of several lines stay one argument', { env: { A: 'a\nb' } }, ['--env=A=a\nb']],
    ['network none', { network: { mode: 'none' } }, ['--network=none']],
    [
      'several networks',
      { network: { mode: 'networks', networks: [{ networkId: 'a' }, { networkId: 'b' }] } },
      ['--network=a', '--network=b'],
    ],
    ['memory in whole mebibytes, rounded up', { memoryBytes: 300 * 1024 * 1024 + 1 }, ['--memory=301M']],
    ['the size of /dev/shm in bytes', { shmSizeBytes: 12_582_912 }, ['--shm-size=12582912']],
    ['limits', { ulimits: [{ name: 'nofile', soft: 10, hard: -1 }] }, ['--ulimit=nofile=10:unlimited']],
    ['flags that are set', { init: true, tty: false, autoRemove: true }, ['--init', '--rm']],
    ['a bind', { mounts: [{ type: 'bind', source: '/a b', target: '/c', readOnly: true }] }, ['--volume=/a b:/c:ro']],
    [
      'a bind with a colon in its path',
      { mounts: [{ type: 'bind', source: '/a:b', target: '/c' }] },
      ['--mount=type=bind,source=/a:b,target=/c'],
    ],
    [
      'a tmpfs with its size and mode',
      { mounts: [{ type: 'tmpfs', target: '/t', executable: true, sizeBytes: 2 ** 21, mode: 0o1750 }] },
      ['--mount=type=tmpfs,target=/t,size=2M,mode=1750'],
    ],
    ['a volume', { mounts: [{ type: 'volume', source: 'data', target: '/d' }] }, ['--volume=data:/d']],
  ]

  it.each(cases)('%s', (_, config, expected) => {
    expect(toArguments(config)).toEqual(expected)
  })

  it('always publishes with an address', () => {
    const ports = [
      { containerPort: 80, hostPort: 8080 },
      { containerPort: 53, hostPort: 5353, hostAddress: '::1', protocol: 'udp' as const },
    ]
    const argv = toCreateArguments({ image: 'x' }, { ...settings, ports })
    expect(argv.slice(2, -1)).toEqual(['--publish=127.0.0.1:8080:80/tcp', '--publish=[::1]:5353:53/udp'])
  })

  it('finds a path that the command cannot quote', () => {
    const plain = { type: 'bind', source: '/a:b', target: '/d' } as const
    const bind = { type: 'bind', source: '/a:b,c', target: '/d' } as const
    const volume = { type: 'volume', source: 'data', target: '/a:b' } as const
    const tmpfs = { type: 'tmpfs', target: '/a=b' } as const
    expect(findUnquotable([plain])).toBeUndefined()
    for (const mount of [bind, volume, tmpfs]) expect(findUnquotable([plain, mount])).toBe(mount)
  })
})
