import { expect, it } from 'vitest'
import { parseOciImageConfig, toOciImageConfig } from '../../../src/plugin.js'

const config = {
  command: ['a b'],
  entrypoint: ['/bin/sh', '-c'],
  env: { PATH: '/bin', SAID: 'a=b', EMPTY: '' },
  user: '10:20',
  workingDirectory: '/app',
  exposedPorts: [
    { containerPort: 53, protocol: 'udp' },
    { containerPort: 80, protocol: 'tcp' },
  ],
  volumes: ['/a', '/b'],
  stopSignal: 'SIGINT',
  healthcheck: { command: 'true || false', intervalMs: 1500, timeoutMs: 2000, startPeriodMs: 10, retries: 3 },
  labels: { one: '1' },
} as const

it('reads the settings that it writes', () => {
  expect(parseOciImageConfig(JSON.parse(JSON.stringify(toOciImageConfig(config))))).toEqual(config)
})

it('writes only the given settings', () => {
  expect(toOciImageConfig({ command: ['x'] })).toEqual({ Cmd: ['x'] })
})

it.each([undefined, null, 7, [], { Cmd: 'x', Env: {}, ExposedPorts: [], Labels: { a: 1 }, Healthcheck: { Test: [] } }])(
  'reads %j as settings that set nothing',
  (value) => {
    expect(parseOciImageConfig(value)).toEqual({
      command: [],
      entrypoint: [],
      env: {},
      user: '',
      workingDirectory: '/',
      exposedPorts: [],
      volumes: [],
      stopSignal: undefined,
      healthcheck: undefined,
      labels: {},
    })
  },
)

it('reads ranges of ports in order and ignores other protocols', () => {
  const { exposedPorts } = parseOciImageConfig({ ExposedPorts: { '9000-9001': {}, '80/tcp': {}, '5/sctp': {}, x: {} } })
  expect(exposedPorts).toEqual([80, 9000, 9001].map((containerPort) => ({ containerPort, protocol: 'tcp' })))
})

it.each([
  [{ Test: ['NONE'] }, 'none'],
  [{ Test: ['CMD', 'a', 'b'], Retries: 0, Interval: 0 }, { command: ['a', 'b'] }],
] as const)('reads the health check %j', (Healthcheck, healthcheck) => {
  expect(parseOciImageConfig({ Healthcheck })).toMatchObject({ healthcheck })
  expect(parseOciImageConfig(toOciImageConfig({ healthcheck }))).toMatchObject({ healthcheck })
})
