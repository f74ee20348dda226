import { link, mkdir, readlink, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createRuntimeHost, execManagerCapability, fileTransferCapability, requireCapabilities } from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'
import { expect, it } from 'vitest'
import { describeWithEngine, skipUnsupported } from '../../../test/support/test-engine.js'
import { copyIn, copyOut, execToEnd, healthy, httpAnswer, logLine, portOpen, runToEnd, waitFor } from '../src/index.js'
import { makeDirectory } from './support/temporary-directory.js'

describeWithEngine('the container tools on a real engine', ({ socketPath, image }) => {
  it('runToEnd resolves with the exit code and the output, and removes the container', async () => {
    await using opened = await open()
    const command = ['sh', '-c', 'wc -c; echo err >&2; exit 3']
    const end = await runToEnd(opened.runtime, opened.config({ command }), { input: 'hello' })
    expect(end).toMatchObject({ exitCode: 3, stdout: '5\n', stderr: 'err\n', isTruncated: false })
    expect(await opened.list()).toEqual([])
  })

  it('runToEnd limits the output and the time, and removes the container', async () => {
    await using opened = await open()
    const command = ['sh', '-c', 'echo begun; sleep 1000']
    const failed = runToEnd(opened.runtime, opened.config({ command }), { timeoutMs: 3_000 })
    await expect(failed).rejects.toMatchObject({ code: 'TIMED_OUT', facts: { lastLines: ['begun'] } })
    const long = opened.config({ command: ['sh', '-c', 'seq 100000; exit 5'] })
    const end = await runToEnd(opened.runtime, long, { maxOutputBytes: 7, keep: 'end' })
    expect(end).toMatchObject({ exitCode: 5, stdout: '100000\n', isTruncated: true })
    expect(await opened.list()).toEqual([])
  })

  it('execToEnd passes input, and kills the process after the time limit', async () => {
    await using opened = await open()
    const id = await opened.start(['sleep', '1000'])
    const end = await execToEnd(opened.execs, id, ['sh', '-c', 'cat; exit 3'], { input: 'hello' })
    expect(end).toMatchObject({ exitCode: 3, stdout: 'hello', stderr: '' })
    const failed = execToEnd(opened.execs, id, ['sleep', '4321'], { timeoutMs: 1_000 })
    await expect(failed).rejects.toMatchObject({ code: 'TIMED_OUT', undoFailures: [] })
    const list = async () => (await execToEnd(opened.execs, id, ['ps', '-o', 'args'])).stdout
    await expect.poll(list).not.toContain('4321')
  })

  it('portOpen is not met while nothing listens behind the port proxy, and then it is', async () => {
    await using opened = await open()
    const command = ['sh', '-c', 'while [ ! -e /tmp/go ]; do sleep 0.1; done; exec httpd -f -p 80 -h /']
    const id = await opened.start(command, { ports: [{ containerPort: 80 }] })
    const early = waitFor(opened.runtime, id, portOpen(80), { timeoutMs: 1_500 })
    await expect(early).rejects.toMatchObject({ code: 'WAIT_FAILED', facts: { isTimeout: true, state: 'running' } })
    await execToEnd(opened.execs, id, ['touch', '/tmp/go'])
    await waitFor(opened.runtime, id, portOpen(80), { timeoutMs: 20_000 })
  })

  it('httpAnswer is met when the server answers', async () => {
    await using opened = await open()
    const command = ['sh', '-c', 'sleep 0.3; echo ok > /index.html; exec httpd -f -p 80 -h /']
    const id = await opened.start(command, { ports: [{ containerPort: 80 }] })
    await waitFor(opened.runtime, id, httpAnswer(80, { path: '/index.html' }), { timeoutMs: 20_000 })
  })

  it('healthy is met when the health check of the engine succeeds', async (context) => {
    skipUnsupported(context, 'healthcheck')
    await using opened = await open()
    const healthcheck = { command: ['test', '-e', '/tmp/ready'], intervalMs: 200 }
    const id = await opened.start(['sh', '-c', 'touch /tmp/ready; sleep 1000'], { healthcheck })
    await waitFor(opened.runtime, id, healthy(), { timeoutMs: 20_000 })
  })

  it('waitFor rejects at once with the exit code and the log when the container exits', async () => {
    await using opened = await open()
    const id = await opened.start(['sh', '-c', 'echo reason >&2; exit 9'])
    const failed = waitFor(opened.runtime, id, logLine('ready'))
    await expect(failed).rejects.toMatchObject({ facts: { exitCode: 9, state: 'exited', lastLines: ['reason'] } })
  })

  it('copyIn and copyOut copy a tree with modes, links and a large file into a created container and out of it', async () => {
    await using opened = await open()
    const id = await opened.runtime.createContainer(opened.config({ command: ['ls', '-ln', '/etc/tree'] }))
    const directory = await makeDirectory()
    const tree = join(directory, 'tree')
    await mkdir(join(tree, 'sub'), { recursive: true })
    await writeFile(join(tree, 'large'), Buffer.alloc(20_000_000, 'abcdefg'), { mode: 0o640 })
    await symlink('large', join(tree, 'link'))
    await link(join(tree, 'large'), join(tree, 'sub/hard'))
    expect(await copyIn(opened.files, id, { from: tree, to: '/etc' })).toEqual({ entries: 5, bytes: 20_000_000 })
    await opened.runtime.startContainer(id)
    expect(await opened.runtime.waitContainer(id)).toBe(0)
    const listing = Buffer.from(await opened.runtime.containerLogsAll(id)).toString()
    expect(listing).toMatch(/^-rw-r-----\s+2 0\s+0\s+20000000 .* large$/m)
    expect(listing).toMatch(/link -> large$/m)
    await copyOut(opened.files, id, { from: '/etc/tree', to: join(directory, 'out') })
    const out = await stat(join(directory, 'out/large'))
    expect([out.size, out.mode & 0o777, out.nlink]).toEqual([20_000_000, 0o640, 2])
    expect(await readlink(join(directory, 'out/link'))).toBe('large')
  })

  /** Opens the engine. Disposing removes the containers that were created. */
  async function open() {
    const label = `container-tools-${process.pid}-${Math.random().toString(36).slice(2)}`
    const env = { ...process.env, DOCKER_HOST: `unix://${socketPath}` }
    const host = createRuntimeHost({ plugins: [dockerPlugin()], env })
    const scope = await host.open()
    const needs = { execs: execManagerCapability, files: fileTransferCapability }
    const { execs, files } = requireCapabilities(scope, needs)
    const { runtime } = scope
    const labels = { 'test.run': label }
    const list = async () => await runtime.listContainers({ labels })
    const config = (parts: object) => ({ image, labels, ...parts })
    return {
      runtime,
      execs,
      files,
      list,
      config,
      start: async (command: readonly string[], parts: object = {}) => {
        const id = await runtime.createContainer(config({ command, ...parts }))
        await runtime.startContainer(id)
        return id
      },
      [Symbol.asyncDispose]: async () => {
        for (const { id } of await list()) await runtime.removeContainer(id)
        await host[Symbol.asyncDispose]()
      },
    }
  }
})
