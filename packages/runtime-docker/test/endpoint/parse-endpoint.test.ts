import { describe, expect, test } from 'vitest'
import { parseEndpoint } from '../../src/endpoint/parse-endpoint.js'

const tls = { verify: true, caFile: undefined, certFile: undefined, keyFile: undefined }

function parse(text: string, withTls = false) {
  const candidate = parseEndpoint(text, { source: 'DOCKER_HOST', tls: withTls ? tls : undefined })
  return 'failed' in candidate ? candidate.failed : candidate.endpoint.address
}

describe('parseEndpoint', () => {
  test.each([
    ['unix:///run/docker.sock', { type: 'socket', path: '/run/docker.sock' }],
    ['unix://', { type: 'socket', path: '/var/run/docker.sock' }],
    ['npipe:////./pipe/docker_engine', { type: 'pipe', path: '//./pipe/docker_engine' }],
    ['npipe://\\\\.\\pipe\\other', { type: 'pipe', path: '//./pipe/other' }],
    ['tcp://host', { type: 'tcp', host: 'host', port: 2375, tls: undefined }],
    ['tcp://host:80', { type: 'tcp', host: 'host', port: 80, tls: undefined }],
    ['TCP://10.0.0.1:1234/', { type: 'tcp', host: '10.0.0.1', port: 1234, tls: undefined }],
    ['tcp://[::1]:2375', { type: 'tcp', host: '::1', port: 2375, tls: undefined }],
  ])('parses %s', (text, address) => {
    expect(parse(text)).toEqual(address)
  })

  test('uses port 2376 for tcp with TLS and no port', () => {
    expect(parse('tcp://host', true)).toEqual({ type: 'tcp', host: 'host', port: 2376, tls })
  })

  test.each([
    ['/var/run/docker.sock', 'write unix:///var/run/docker.sock'],
    ['host:2375', 'write unix:///PATH or tcp://host:2375'],
    ['fd://3', 'name the socket: unix:///var/run/docker.sock'],
    ['http://host', 'use unix://, ssh://, tcp:// or npipe://'],
    ['unix://relative', 'write unix:///relative'],
    ['tcp://', 'write tcp://HOST:PORT, an IPv6 address in brackets'],
    ['tcp://host:99999', 'write tcp://HOST:PORT, an IPv6 address in brackets'],
    ['tcp://host:1/prefix', 'write tcp://host:1'],
    [
      'ssh://-oProxyCommand=id',
      'write ssh://USER@HOST, and configure the login in ~/.ssh/config or by a key in the agent',
    ],
  ])('gives a failed attempt of step "parse" with a remedy for %s', (text, remedy) => {
    expect(parse(text)).toMatchObject({ candidate: text, source: 'DOCKER_HOST', step: 'parse', remedy })
  })

  test('parses an address of another machine as a service, to which ssh connects', () => {
    expect(parse('ssh://ann@build.example:2222/run/docker.sock')).toMatchObject({ type: 'service', step: 'ssh' })
  })
})

test.each([
  'tcp://user:SECRET@host:2375',
  'tcp://user:SECRET@[::1]:2375',
  'tcp://user:SEC%40RET-SECRET@host',
  'tcp://user:SEC@RET-SECRET@host',
  'tcp://user:SEC/RET-SECRET@host',
  'tcp://user:SECRET@',
  'tcp://user:SECRET@ho st',
  'tcp:///user:SECRET@host',
  'tcp://host:2375?password=SECRET',
  'tcp://host:2375/#SECRET',
  'tcp://user%3ASECRET@host',
  'tcp://host:2375/?password=SECRET',
  'http://user:SECRET@host',
  'ssh://user:SECRET@host/run/docker.sock',
  'ssh://:SECRET@host',
  'unix://user:SECRET@host/x',
  'npipe://user:SECRET@host',
  'fd://user:SECRET@host',
  'other://user:SECRET@host',
  'user:SECRET@host:2375',
  '//user:SECRET@host',
  'tcp:user:SECRET@host',
  'tcp:/user:SECRET@host',
  '://user:SECRET@host',
  ' tcp://user:SECRET@host',
  'tcp://user:SECRET@host\n',
])('shows nothing of the password in %j', (text) => {
  expect(JSON.stringify(parseEndpoint(text, { source: 'DOCKER_HOST' }))).not.toContain('SECRET')
})

test('gives a remedy with the user for an endpoint with credentials', () => {
  expect(parseEndpoint('tcp://user:SECRET@host:1', { source: 'x' })).toMatchObject({
    failed: { candidate: 'tcp://user:***@host:1', remedy: 'write tcp://host:1' },
  })
  expect(parseEndpoint('ssh://user:SECRET@host', { source: 'x' })).toMatchObject({
    failed: {
      candidate: 'ssh://user:***@host',
      cause: { message: 'an endpoint over ssh has no password' },
      remedy: expect.stringContaining('ssh://USER@HOST'),
    },
  })
})

test('does not change the path of a socket', () => {
  const path = '/run/a:b@c/docker.sock'
  expect(parseEndpoint(`unix://${path}`, { source: 'x' })).toMatchObject({
    endpoint: { url: `unix://${path}`, address: { path } },
  })
})
