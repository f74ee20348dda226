import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import type { MemoryProgram } from '../src/index.js'
import { Collector } from './support/collect.js'
import { type OpenMemory, openMemory } from './support/open-memory.js'

describe('exec', () => {
  it('runs a command in a running container with separate streams', async () => {
    await using memory = await openMemory()
    const id = await startSleeping(memory)
    const process = await memory.exec.exec(id, ['sh', '-c', 'cat; echo err >&2; exit 4'])
    process.stdin.end('in')
    const [stdout, stderr] = await Promise.all([text(process.stdout), text(process.stderr)])
    expect([stdout, stderr, await process.exitCode]).toEqual(['in', 'err\n', 4])
  })

  it('resolves with the exit code and keeps the output when the streams are not read', async () => {
    await using memory = await openMemory()
    const id = await startSleeping(memory)
    const process = await memory.exec.exec(id, ['echo', 'later'])
    expect(await process.exitCode).toBe(0)
    expect(await text(process.stdout)).toBe('later\n')
  })

  it.each([
    ['127 for a command that does not exist', ['none'], 127],
    ['126 for a file that is not executable', ['/etc/passwd'], 126],
  ])('has the exit code %s', async (_, command, code) => {
    await using memory = await openMemory()
    const id = await startSleeping(memory)
    const process = await memory.exec.exec(id, command)
    expect(await process.exitCode).toBe(code)
    expect(await text(process.stderr)).not.toBe('')
  })

  it('shows all capabilities only to a privileged process, which uses the same files as other processes', async () => {
    await using memory = await openMemory()
    const id = await startSleeping(memory)
    const show = async (privileged: boolean) => {
      const command = ['sh', '-c', 'cat /proc/self/status; echo x >> /note; cat /note']
      return await text((await memory.exec.exec(id, command, { privileged })).stdout)
    }
    expect(await show(true)).toMatch(/^CapEff:\t000001ffffffffff\n[\s\S]*\nx\n$/)
    expect(await show(false)).toMatch(/^CapEff:\t00000000a80425fb\n[\s\S]*\nx\nx\n$/)
  })

  it('runs the commands of the image', async () => {
    const tool: MemoryProgram = async ({ argv, stdout }) => Number(!stdout.write(argv.join(' ')))
    const images = { app: { main: untilSignal, commands: { tool } } }
    await using memory = await openMemory({ images })
    const id = await memory.runtime.createContainer({ image: 'app' })
    await memory.runtime.startContainer(id)
    const process = await memory.exec.exec(id, ['tool', '-x'])
    expect([await text(process.stdout), await process.exitCode]).toEqual(['tool -x', 0])
    expect(await (await memory.exec.exec(id, ['sh'])).exitCode).toBe(127)
  })

  it('applies environment, user and working directory', async () => {
    await using memory = await openMemory()
    const id = await startSleeping(memory, { env: { A: '1', B: '1' } })
    const process = await memory.exec.exec(id, ['sh', '-c', 'echo $A $B'], {
      env: { B: '2' },
    })
    expect(await text(process.stdout)).toBe('1 2\n')
    const other = await memory.exec.exec(id, ['sh', '-c', 'id -u; pwd'], { user: '5', workingDirectory: '/w' })
    expect(await text(other.stdout)).toBe('5\n/w\n')
  })

  it('ends stdin at once with stdin: false', async () => {
    await using memory = await openMemory()
    const id = await startSleeping(memory)
    const process = await memory.exec.exec(id, ['wc', '-c'], { stdin: false })
    expect(await text(process.stdout)).toBe('0\n')
  })

  it('ignores input after the end of the process', async () => {
    await using memory = await openMemory()
    const id = await startSleeping(memory)
    const process = await memory.exec.exec(id, ['true'])
    expect(await process.exitCode).toBe(0)
    await new Promise<void>((resolve, reject) =>
      process.stdin.write('late', (error) => (error ? reject(error) : resolve())),
    )
    process.stdin.end()
  })

  it.each([undefined, new Error('the source broke')])(
    'ends the input of the process when stdin is destroyed, without an unhandled error (%s)',
    async (error) => {
      await using memory = await openMemory()
      const id = await startSleeping(memory)
      const process = await memory.exec.exec(id, ['cat'])
      await new Promise((resolve) => process.stdin.write('hello', resolve))
      process.stdin.destroy(error)
      expect(await text(process.stdout)).toBe('hello')
      expect(await process.exitCode).toBe(0)
    },
  )

  it('sends signals to the process', async () => {
    await using memory = await openMemory()
    const id = await startSleeping(memory)
    for (const [signal, code] of [
      [undefined, 143],
      ['SIGINT', 130],
      ['KILL', 137],
    ] as const) {
      const process = await memory.exec.exec(id, ['sleep', '100'])
      expect(await process.kill(signal)).toBe(true)
      expect(await process.exitCode).toBe(code)
    }
    const process = await memory.exec.exec(id, ['sleep', '100'])
    await expect(process.kill('SIGNONE')).rejects.toMatchObject({ facts: { field: 'signal' } })
  })

  it('merges the streams and has a size with a terminal', async () => {
    await using memory = await openMemory()
    const id = await startSleeping(memory)
    const process = await memory.exec.exec(id, ['sh', '-c', 'head -n 1 >&2; stty size'], { tty: true })
    const stdout = new Collector()
    process.stdout.pipe(stdout)
    await process.resize({ height: 7, width: 8 })
    process.stdin.write('go\r')
    expect(await process.exitCode).toBe(0)
    expect(stdout.text).toBe('go\r\ngo\r\n7 8\r\n')
    expect(await text(process.stderr)).toBe('')
    await expect(process.resize({ height: 0, width: 8 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('ignores the size of a process without a terminal', async () => {
    const commands: Record<string, MemoryProgram> = {
      hasSize: async ({ stdin, terminalSize }) => {
        for await (const _ of stdin) break
        return terminalSize() === undefined ? 0 : 1
      },
    }
    await using memory = await openMemory({ commands })
    const process = await memory.exec.exec(await startSleeping(memory), ['hasSize'])
    await process.resize({ height: 7, width: 8 })
    process.stdin.end('go')
    expect(await process.exitCode).toBe(0)
  })

  it('rejects the removal of a variable when "exec.env.unset" is unsupported', async () => {
    await using memory = await openMemory({ unsupportedOptions: ['exec.env.unset'] })
    const id = await startSleeping(memory)
    await expect(memory.exec.exec(id, ['true'], { env: { HOME: null } })).rejects.toMatchObject({
      code: 'OPTION_UNSUPPORTED',
      facts: { field: 'exec.env.unset' },
    })
  })

  it('rejects when the container is not running, and ends when the container stops', async () => {
    await using memory = await openMemory()
    const id = await startSleeping(memory)
    const process = await memory.exec.exec(id, ['sleep', '100'])
    await memory.runtime.stopContainer(id)
    expect(await process.exitCode).toBe(137)
    await expect(memory.exec.exec(id, ['true'])).rejects.toMatchObject({
      code: 'NOT_RUNNING',
      facts: { state: 'exited' },
    })
  })

  it('applies back-pressure to the process', async () => {
    await using memory = await openMemory()
    const id = await startSleeping(memory)
    const process = await memory.exec.exec(id, ['sh', '-c', 'yes | head -c 1000000'])
    let received = 0
    for await (const chunk of process.stdout) {
      received += chunk.length
      expect(process.stdout.readableLength).toBeLessThan(200_000)
    }
    expect(received).toBe(1_000_000)
  })

  it('ends stdin and rejects exitCode when it is disposed', async () => {
    await using memory = await openMemory()
    const ended: string[] = []
    const main: MemoryProgram = async ({ stdin }) => {
      for await (const _chunk of stdin);
      ended.push('read the end')
      return 0
    }
    await using other = await openMemory({ images: { app: { main: untilSignal, commands: { reader: main } } } })
    const id = await other.runtime.createContainer({ image: 'app' })
    await other.runtime.startContainer(id)
    const process = await other.exec.exec(id, ['reader'])
    await process[Symbol.asyncDispose]()
    await expect(process.exitCode).rejects.toMatchObject({ code: 'EXIT_CODE_UNKNOWN' })
    await new Promise((resolve) => setImmediate(resolve))
    expect(ended).toEqual(['read the end'])
    const done = await memory.exec.exec(await startSleeping(memory), ['true'])
    await done.exitCode
    await done[Symbol.asyncDispose]()
    expect(await done.exitCode).toBe(0)
  })

  it('rejects exitCode and destroys its streams when the runtime is closed', async () => {
    await using memory = await openMemory()
    const id = await startSleeping(memory)
    const process = await memory.exec.exec(id, ['sleep', '100'])
    const failing = [process.exitCode, text(process.stdout)].map((promise) =>
      expect(promise).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' }),
    )
    await memory.runtime.close()
    await Promise.all(failing)
  })

  it('rejects with the reason of an aborted signal and keeps the container running', async () => {
    await using memory = await openMemory()
    const id = await startSleeping(memory)
    const abort = new AbortController()
    const process = await memory.exec.exec(id, ['cat'], { signal: abort.signal })
    const reason = new Error('enough')
    const failing = [process.exitCode, text(process.stdout)].map((promise) => expect(promise).rejects.toBe(reason))
    abort.abort(reason)
    await Promise.all(failing)
    expect(await memory.runtime.containerState(id)).toBe('running')
  })

  it('rejects an empty command with INVALID_ARGUMENT', async () => {
    await using memory = await openMemory()
    await expect(memory.exec.exec('none', [])).rejects.toMatchObject({ facts: { field: 'command' } })
  })
})

const untilSignal: MemoryProgram = ({ signal }) =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(0)))

async function startSleeping({ runtime }: OpenMemory, config: object = {}): Promise<string> {
  const id = await runtime.createContainer({ image: 'busybox', command: ['sleep', '100'], ...config })
  await runtime.startContainer(id)
  return id
}
