import { spawnSync } from 'node:child_process'
import { constants, createWriteStream, mkdirSync, openSync } from 'node:fs'
import { connect, Socket } from 'node:net'
import { join } from 'node:path'

/**
 * Serves connections from a container to the host, for the program `connect` of the test image. The program writes its request
 * to one pipe and reads the answer from another. No network is used.
 */
export function answerCalls(root, container) {
  const directory = join(root, '.host')
  mkdirSync(directory, { recursive: true })
  const pipe = join(directory, 'calls')
  spawnSync('mkfifo', [pipe])
  // Opened for reading and writing, so that it does not end with a writer.
  const requests = new Socket({
    fd: openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK),
    readable: true,
    writable: false,
  })
  let text = ''
  requests.on('data', (chunk) => {
    text += chunk
    const lines = text.split('\n')
    text = lines.pop() ?? ''
    for (const line of lines) answer(directory, container, line.split(' '))
  })
  requests.on('error', () => {})
  return { close: () => requests.destroy() }
}

function answer(directory, container, [name, host, port]) {
  const output = createWriteStream(join(directory, name))
  output.on('error', () => {})
  const target = container.attachments.some(({ gateway }) => gateway === host)
    ? { host: '127.0.0.1', port: Number(port) }
    : undefined
  if (target === undefined) return output.end()
  const socket = connect(target)
  socket.on('error', () => output.end())
  socket.pipe(output)
}
