import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Code, ConnectError } from '@connectrpc/connect'
import { toBytesFieldPrefix } from '../control/grpc-frames.js'
import { SSH } from '../generated/ssh_pb.js'
import { createUnaryHandler, type GrpcCall, type GrpcHandler, readBytesMessages } from './grpc-server.js'

/** The paths of the sockets of agents, by their id. */
type AgentPaths = Readonly<Record<string, string>>

/** BuildKit asks before a step whether the agent is provided. */
export function createCheckAgentHandler(agents: AgentPaths): GrpcHandler {
  return createUnaryHandler(SSH.method.checkAgent, ({ ID }) => {
    findAgent(agents, ID)
    return {}
  })
}

/**
 * Connects a step of a build to an agent. The step may list keys and sign with them. Other requests, which could add, remove or
 * lock keys, fail without reaching the agent, as with docker's client.
 */
export function createAgentHandler(agents: AgentPaths): GrpcHandler {
  return async (call) => {
    const [id = ''] = call.header('buildkit.ssh.id')
    const agent = connect(findAgent(agents, id))
    const failed = new Promise<never>((_, reject) => {
      agent.once('error', (error) => reject(new ConnectError(error.message, Code.Unavailable)))
      agent.once('close', () => reject(new ConnectError('the agent closed the connection', Code.Unavailable)))
    })
    try {
      await Promise.race([once(agent, 'connect'), failed])
      await Promise.race([answerRequests(call, agent), failed])
    } finally {
      failed.catch(() => {})
      agent.destroy()
    }
  }
}

function findAgent(agents: AgentPaths, id: string): string {
  const name = id === '' ? 'default' : id
  const path = Object.hasOwn(agents, name) ? agents[name] : undefined
  if (path === undefined) throw new ConnectError(`the SSH agent ${name} is not provided`, Code.NotFound)
  return path
}

/** Answers one request after the other: the protocol has no ids, so the order of the answers is that of the requests. */
async function answerRequests(call: GrpcCall, agent: Socket): Promise<void> {
  const answers = readAgentMessages(agent.iterator({ destroyOnReturn: false }))
  for await (const request of readAgentMessages(readBytesMessages(call.messages))) {
    let answer: Uint8Array | undefined = failure
    if (allowedRequests.has(request[lengthBytes])) {
      agent.write(request)
      answer = (await answers.next()).value
    }
    if (answer === undefined) return
    await call.send(toBytesFieldPrefix(answer.length), answer)
  }
}

/** Splits the bytes of a connection into messages, each with its length: https://datatracker.ietf.org/doc/html/draft-miller-ssh-agent */
async function* readAgentMessages(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, undefined> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of chunks) {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= lengthBytes) {
      const end = lengthBytes + rest.readUInt32BE(0)
      if (end > maxMessageBytes) throw new ConnectError('a message of an SSH agent is too long', Code.InvalidArgument)
      if (rest.length < end) break
      yield rest.subarray(0, end)
      rest = rest.subarray(end)
    }
  }
  return undefined
}

const lengthBytes = 4
/** The limit of OpenSSH. */
const maxMessageBytes = 256 * 1024
/** SSH_AGENTC_REQUEST_IDENTITIES and SSH_AGENTC_SIGN_REQUEST. */
const allowedRequests: ReadonlySet<number | undefined> = new Set([11, 13])
/** SSH_AGENT_FAILURE */
const failure = Buffer.from([0, 0, 0, 1, 5])
