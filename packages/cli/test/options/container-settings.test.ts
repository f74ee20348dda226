import { describe, expect, it } from 'vitest'
import {
  parseDevice,
  parseExposedPorts,
  parseGpus,
  parseIpcMode,
  parsePidMode,
  parseRestartPolicy,
  toHealthcheck,
  toLogDriver,
} from '../../src/options/container-settings.js'

const invalid = (field: string) =>
  expect.objectContaining({ code: 'INVALID_ARGUMENT', facts: expect.objectContaining({ field }) })

describe('toHealthcheck', () => {
  it('converts durations to milliseconds', () => {
    const options = {
      healthCmd: 'wget -q localhost',
      healthInterval: '1m30s',
      healthTimeout: '500ms',
      healthStartPeriod: '0',
      healthRetries: '2',
    }
    const limits = { intervalMs: 90_000, timeoutMs: 500, startPeriodMs: 0, retries: 2 }
    expect(toHealthcheck(options)).toEqual({ command: 'wget -q localhost', ...limits })
  })

  it('is "none" with --no-healthcheck, and undefined without an option', () => {
    expect(toHealthcheck({ healthcheck: false })).toBe('none')
    expect(toHealthcheck({ healthcheck: true })).toBeUndefined()
  })

  it('rejects options that exclude or need each other', () => {
    expect(() => toHealthcheck({ healthcheck: false, healthCmd: 'true' })).toThrow('--no-healthcheck')
    expect(() => toHealthcheck({ healthInterval: '1s' })).toThrow('need --health-cmd')
    expect(() => toHealthcheck({ healthCmd: 'true', healthInterval: '1 second' })).toThrow(invalid('--health-interval'))
  })
})

describe('parseRestartPolicy', () => {
  it.each([
    ['no', { name: 'no' }],
    ['always', { name: 'always' }],
    ['unless-stopped', { name: 'unless-stopped' }],
    ['on-failure', { name: 'on-failure' }],
    ['on-failure:0', { name: 'on-failure' }],
    ['on-failure:3', { name: 'on-failure', maxRetries: 3 }],
  ])('reads %s', (text, policy) => {
    expect(parseRestartPolicy(text)).toEqual(policy)
  })

  it.each(['', 'never', 'always:3', 'on-failure:x'])('rejects %j', (text) => {
    expect(() => parseRestartPolicy(text)).toThrow(invalid('--restart'))
  })
})

describe('parseExposedPorts', () => {
  it('reads a port, a protocol and a range', () => {
    expect(parseExposedPorts('80')).toEqual([{ containerPort: 80, protocol: 'tcp' }])
    expect(parseExposedPorts('53/UDP')).toEqual([{ containerPort: 53, protocol: 'udp' }])
    expect(parseExposedPorts('8000-8001')).toEqual(
      [8000, 8001].map((containerPort) => ({ containerPort, protocol: 'tcp' })),
    )
  })

  it.each(['', '0', '65536', '2-1', '80/sctp', '8080:80'])('rejects %j', (text) => {
    expect(() => parseExposedPorts(text)).toThrow(invalid('--expose'))
  })
})

describe('parseDevice', () => {
  it.each([
    ['/dev/fuse', { source: '/dev/fuse' }],
    ['/dev/fuse:/dev/f', { source: '/dev/fuse', target: '/dev/f' }],
    ['/dev/fuse:r', { source: '/dev/fuse', permissions: 'r' }],
    ['/dev/fuse:/dev/f:rw', { source: '/dev/fuse', target: '/dev/f', permissions: 'rw' }],
  ])('reads %s', (text, device) => {
    expect(parseDevice(text)).toEqual(device)
  })

  it.each(['', ':/dev/a', '/dev/a:/dev/b:x', '/dev/a:/dev/b:r:w'])('rejects %j', (text) => {
    expect(() => parseDevice(text)).toThrow(invalid('--device'))
  })
})

describe('parseGpus', () => {
  it.each([
    ['all', 'all'],
    ['2', { count: 2 }],
    ['count=all', 'all'],
    ['count=1', { count: 1 }],
    ['device=0,2', { ids: ['0', '2'] }],
    ['"device=GPU-1a,2"', { ids: ['GPU-1a', '2'] }],
  ])('reads %s', (text, gpus) => {
    expect(parseGpus(text)).toEqual(gpus)
  })

  it.each(['', '0', 'none', 'capabilities=compute', 'count=1,driver=nvidia'])('rejects %j', (text) => {
    expect(() => parseGpus(text)).toThrow(invalid('--gpus'))
  })
})

describe('parseIpcMode and parsePidMode', () => {
  it('read modes and containers', () => {
    expect(['none', 'private', 'shareable', 'host', 'container:web'].map(parseIpcMode)).toEqual([
      'none',
      'private',
      'shareable',
      'host',
      { container: 'web' },
    ])
    expect(['host', 'container:web'].map(parsePidMode)).toEqual(['host', { container: 'web' }])
  })

  it('reject other texts', () => {
    expect(() => parseIpcMode('container:')).toThrow(invalid('--ipc'))
    expect(() => parsePidMode('private')).toThrow(invalid('--pid'))
  })
})

describe('toLogDriver', () => {
  it('converts a driver with its options', () => {
    expect(toLogDriver(undefined)).toBeUndefined()
    expect(toLogDriver('none')).toEqual({ name: 'none' })
    expect(toLogDriver('json-file', ['max-size=1m'])).toEqual({ name: 'json-file', options: { 'max-size': '1m' } })
  })

  it('rejects options without a driver', () => {
    expect(() => toLogDriver(undefined, ['max-size=1m'])).toThrow('--log-opt needs --log-driver')
  })
})
