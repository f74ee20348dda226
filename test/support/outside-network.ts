import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { outsideAddress } from '../../tools/engine/certificates.mjs'

/** A network namespace that reaches that of this process at one address, as another machine does. */
export interface OutsideNetwork extends AsyncDisposable {
  /** The address of the network namespace of this process. */
  readonly address: string
  /** Returns the command line that runs a program in the namespace. */
  toCommand(argv: readonly string[]): readonly [string, ...string[]]
}

/**
 * Creates a network namespace and connects it to that of this process, which must be the namespace of an engine of the matrix. The
 * kernel removes both ends of the connection with the namespace, at the latest when this process ends. Linux, as root.
 */
export async function createOutsideNetwork(): Promise<OutsideNetwork> {
  const argv = ['--net', 'sh', '-euc', script, 'sh', String(process.pid), outsideAddress]
  const holder = spawn('unshare', argv, { stdio: ['pipe', 'pipe', 'pipe'] })
  let stderr = ''
  holder.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  const ended = once(holder, 'close').then(() => {
    throw new Error(`the network namespace has ended: ${stderr}`)
  })
  await Promise.race([once(holder.stdout, 'data'), ended])
  ended.catch(() => {})
  return {
    address: outsideAddress,
    toCommand: (argv) => ['nsenter', '--target', String(holder.pid), '--net', '--', ...argv],
    async [Symbol.asyncDispose]() {
      holder.stdin.destroy()
      await ended.catch(() => {})
    },
  }
}

/** Ends when stdin ends. */
const script = `
pid=$1 address=$2
ip link set lo up
ip link add outside0 type veth peer name outside1 netns "$pid"
ip addr add 10.97.0.2/24 dev outside0
ip link set outside0 up
nsenter --target "$pid" --net sh -euc 'ip addr add "$1/24" dev outside1; ip link set outside1 up' sh "$address"
echo ready
read -r line`
