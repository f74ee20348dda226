import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { startRegistry } from '../../../../test/support/registry-server.js'
import { checkLogin } from '../../src/images/check-login.js'

const credentials = { username: 'user', password: 'test word:with colon' }
const wrong = { username: 'user', password: 'wrong-secret' }

async function startServer(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}` // a server on a TCP port has an AddressInfo
}

test.for(['basic', 'bearer'] as const)('accepts or rejects credentials of a registry with %s', async (scheme) => {
  const { host } = await startRegistry({ scheme, ...credentials }, '127.0.0.1')
  expect(await checkLogin(host, credentials)).toEqual({ isAccepted: true, identityToken: undefined })
  expect(await checkLogin(host, wrong)).toEqual({
    isAccepted: false,
    reason: 'the registry rejects the user name or the password',
  })
})

test('accepts any credentials for a registry without authentication', async () => {
  const host = await startServer((_, response) => void response.end('{}'))
  expect(await checkLogin(host, credentials)).toMatchObject({ isAccepted: true })
})

test('resolves with the identity token that the registry issues, and requests it for the user', async () => {
  let tokenUrl = ''
  const host = await startServer(({ url = '', headers }, response) => {
    if (headers.authorization === 'Bearer short') return void response.end('{}')
    if (url.startsWith('/v2/')) {
      const challenge = `Bearer realm="http://${headers.host}/token?x=1",service="a \\"b\\""`
      return void response.writeHead(401, { 'WWW-Authenticate': challenge }).end()
    }
    tokenUrl = url
    response.end(JSON.stringify({ access_token: 'short', refresh_token: 'long' }))
  })
  expect(await checkLogin(host, credentials)).toEqual({ isAccepted: true, identityToken: 'long' })
  const { searchParams } = new URL(tokenUrl, 'http://host')
  expect(Object.fromEntries(searchParams)).toEqual({
    x: '1',
    service: 'a "b"',
    account: 'user',
    client_id: 'docker',
    offline_token: 'true',
  })
})

test.for([
  ['Digest realm="x"', 'an authentication that is not supported'],
  ['Bearer realm="ftp://host/"', 'an authentication that is not supported'],
  ['', 'an authentication that is not supported'],
] as const)('sends no credentials for the challenge %j', async ([challenge, reason]) => {
  const sent: unknown[] = []
  const host = await startServer(({ headers }, response) => {
    sent.push(headers.authorization)
    response.writeHead(401, { 'WWW-Authenticate': challenge }).end()
  })
  const outcome = await checkLogin(host, credentials)
  expect(outcome).toMatchObject({ isAccepted: false, reason: expect.stringContaining(reason) })
  expect(sent).toEqual([undefined])
})

test('reports a status and a registry that cannot be reached, without the password', async () => {
  const host = await startServer((_, response) => void response.writeHead(503).end())
  expect(await checkLogin(host, credentials)).toMatchObject({ reason: 'the registry answered with status 503' })
  const unreachable = await checkLogin('127.0.0.1:1', wrong)
  expect(unreachable).toMatchObject({
    isAccepted: false,
    reason: expect.stringContaining('127.0.0.1:1 cannot be reached'),
  })
  expect(JSON.stringify(unreachable)).not.toContain('wrong-secret')
})

test('rejects with the reason of an abort', async () => {
  const reason = new Error('enough')
  const host = await startServer(() => {})
  const controller = new AbortController()
  const checking = checkLogin(host, credentials, { signal: controller.signal })
  controller.abort(reason)
  await expect(checking).rejects.toBe(reason)
})
