import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { describe, expect, test } from 'vitest'
import { watchIo } from '../../src/plugin/watch-io.js'

describe('watchIo', () => {
  test('records synchronous calls of the work only', () => {
    statSync('/')
    const { read, stop } = watchIo(() => {
      readFileSync('/dev/null')
      execFileSync(process.execPath, ['--version'])
    })
    statSync('/')
    stop()
    expect(read().started).toEqual(expect.arrayContaining(['readFileSync', 'execFileSync']))
    expect(read().started).not.toContain('statSync')
  })

  test('records asynchronous I/O that the work starts, and no concurrent I/O', async () => {
    const concurrent = readFile('/dev/null')
    const { result, read, stop } = watchIo(async () => {
      await Promise.resolve()
      return 'no I/O'
    })
    await Promise.all([concurrent, result])
    expect(read().started).toEqual([])
    stop()
    const reading = watchIo(async () => {
      await Promise.resolve()
      return await readFile('/dev/null')
    })
    await reading.result
    reading.stop()
    expect(reading.read().started).not.toEqual([])
  })

  test('lists the handles that are still open', async () => {
    const { result, read, stop } = watchIo(() => listen())
    const server = await result
    expect(read().open).toEqual(['TCPSERVERWRAP'])
    await new Promise((resolve) => server.close(resolve))
    await expect.poll(() => read().open).toEqual([])
    stop()
  })
})

function listen(): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => resolve(server))
  })
}
