import { connect } from 'node:http2'
import { expect, it, onTestFinished } from 'vitest'
import { GrpcServer } from '../../src/session/grpc-server.js'
import { createStreamPair } from '../support/stream-pair.js'

it('ignores a call that is canceled before it is answered', async () => {
  const [ours, theirs] = createStreamPair()
  const rejections: unknown[] = []
  const note = (reason: unknown) => void rejections.push(reason)
  process.on('unhandledRejection', note)
  const server = new GrpcServer(ours, new Map([['/test.Service/Call', async () => {}]]))
  const client = connect('http://peer', { createConnection: () => theirs })
  onTestFinished(() => {
    process.off('unhandledRejection', note)
    client.destroy()
    server.close()
  })
  // Both frames are in one chunk.
  theirs.cork()
  client.request(headers).close(cancelCode)
  theirs.uncork()
  const call = client.request(headers).end().resume()
  const status = await new Promise((resolve) => call.once('trailers', (trailers) => resolve(trailers['grpc-status'])))
  expect({ status, rejections }).toEqual({ status: '0', rejections: [] })
})

const headers = { ':method': 'POST', ':path': '/test.Service/Call', 'content-type': 'application/grpc' }
const cancelCode = 8
