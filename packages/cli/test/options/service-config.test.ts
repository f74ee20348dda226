import type { ServiceInspection } from '@capstan/core'
import { describe, expect, it } from 'vitest'
import { parseScale, toServiceChange, toServiceConfig } from '../../src/options/service-config.js'

const io = { env: { HOME: '/home/user' }, cwd: '/' }
const convert = async (options: Parameters<typeof toServiceConfig>[0]['options']) =>
  await toServiceConfig({ image: 'busybox', command: [], name: 'web', options }, io)

describe('toServiceConfig', () => {
  it('has one replica, and is persistent', async () => {
    expect(await convert({})).toEqual({
      name: 'web',
      image: 'busybox',
      replicas: 1,
      labels: { 'capstan.lifetime': 'persistent' },
    })
  })

  it.each([
    ['80', { containerPort: 80, protocol: 'tcp', mode: 'ingress' }],
    ['8080:80', { containerPort: 80, hostPort: 8080, protocol: 'tcp', mode: 'ingress' }],
    ['53:53/udp', { containerPort: 53, hostPort: 53, protocol: 'udp', mode: 'ingress' }],
    ['target=80,published=8080,mode=host', { containerPort: 80, hostPort: 8080, protocol: 'tcp', mode: 'host' }],
  ])('parses --publish %s', async (text, expected) => {
    expect((await convert({ publish: [text] })).ports).toEqual([expected])
  })

  it.each([
    '',
    'a',
    '0',
    '80:',
    '127.0.0.1:80:80',
    '80/sctp',
    'published=80',
    'target=80,mode=x',
    'target=80,x=y',
    '1-2',
  ])('rejects --publish %j', async (text) => {
    await expect(convert({ publish: [text] })).rejects.toMatchObject({ facts: { field: '--publish' } })
  })

  it.each([
    ['source=data,target=/data', { type: 'volume', source: 'data', target: '/data', readOnly: false }],
    ['type=bind,src=/a,dst=/b,readonly', { type: 'bind', source: '/a', target: '/b', readOnly: true }],
    ['type=volume,source=a,destination=/b,ro=false', { type: 'volume', source: 'a', target: '/b', readOnly: false }],
    [
      'type=tmpfs,target=/a,tmpfs-size=64m,tmpfs-mode=1770',
      { type: 'tmpfs', target: '/a', sizeBytes: 67_108_864, mode: 0o1770 },
    ],
  ])('parses --mount %s', async (text, expected) => {
    expect((await convert({ mount: [text] })).mounts).toEqual([expected])
  })

  it.each([
    'target=/a',
    'source=a',
    'type=x,source=a,target=/a',
    'source=a,target=/a,volume-nocopy',
    'type=tmpfs,target=/a,ro',
  ])('rejects --mount %j', async (text) => {
    await expect(convert({ mount: [text] })).rejects.toMatchObject({ facts: { field: '--mount' } })
  })

  it('mounts secrets in /run/secrets and configs in / unless the target is absolute', async () => {
    const secret = ['one', 'source=two,target=two.pem', 'src=three,target=/three']
    expect(await convert({ secret, config: ['app.conf'] })).toMatchObject({
      secrets: [
        { secretId: 'one', target: '/run/secrets/one' },
        { secretId: 'two', target: '/run/secrets/two.pem' },
        { secretId: 'three', target: '/three' },
      ],
      configs: [{ configId: 'app.conf', target: '/app.conf' }],
    })
    await expect(convert({ secret: ['source=a,uid=5'] })).rejects.toMatchObject({ facts: { field: '--secret' } })
  })

  it('omits a variable that is not set, and reads those that are', async () => {
    expect((await convert({ env: ['A=1', 'HOME', 'ABSENT'] })).env).toEqual({ A: '1', HOME: '/home/user' })
  })

  it('rejects --replicas with --mode global', async () => {
    await expect(convert({ mode: 'global', replicas: '2' })).rejects.toThrow(
      '--replicas cannot be used with --mode global',
    )
  })
})

describe('toServiceChange', () => {
  const current: ServiceInspection = {
    id: 'a',
    name: 'web',
    image: 'busybox',
    replicas: 1,
    isJob: false,
    running: 1,
    desired: 1,
    ports: [
      { containerPort: 80, hostPort: 8080 },
      { containerPort: 53, protocol: 'udp' },
    ],
    labels: { a: '1', 'capstan.owner': 'x', 'capstan.lifetime': 'persistent' },
    createdAt: new Date(0),
    updatedAt: new Date(0),
    update: undefined,
    endpointMode: 'vip',
    command: undefined,
    networks: ['n1', 'n2'],
    constraints: ['node.role==worker'],
    secrets: [{ secretId: 's', secretName: 'token', target: '/token' }],
    configs: [{ configId: 'c', configName: 'app', target: '/app' }],
  }

  it('changes lists by what is added and removed', () => {
    expect(
      toServiceChange(
        {
          publishRm: ['80', '53/tcp'],
          networkRm: ['n1'],
          networkAdd: ['n3'],
          constraintRm: ['node.role==worker'],
          secretAdd: ['other'],
          configRm: ['app'],
          labelAdd: ['b=2'],
        },
        current,
      ),
    ).toEqual({
      ports: [{ containerPort: 53, protocol: 'udp' }],
      networks: ['n2', 'n3'],
      constraints: [],
      secrets: [
        { secretId: 'token', target: '/token' },
        { secretId: 'other', target: '/run/secrets/other' },
      ],
      configs: [],
      labels: { a: '1', b: '2', 'capstan.lifetime': 'persistent' },
    })
  })

  it('splits --args at spaces outside of quotes', () => {
    const { command } = toServiceChange({ args: `sh -c 'echo "a b"' ""x` }, current)
    expect(command).toEqual(['sh', '-c', 'echo "a b"', 'x'])
  })

  it('rejects an update without any change', () => {
    expect(() => toServiceChange({}, current)).toThrow('nothing to change')
  })
})

describe('parseScale', () => {
  it.each(['web', 'web=', '=3', 'web=x', 'web=-1'])('rejects %j', (text) => {
    expect(() => parseScale(text)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})
