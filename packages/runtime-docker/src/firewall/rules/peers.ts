import { isSameHost } from '@capstan/egress-firewall'
import { findContainer } from '../../containers/inspection/inspect-container.js'
import { toContainerName } from '../../engine/container-name.js'
import type { EngineCall } from '../../engine/docker-engine.js'
import { ignoreErrors } from '../../engine/ignore-errors.js'
import type { Attachment } from './firewalled-container.js'
import type { RunnerContext } from './namespace-runner.js'

/** Finds the addresses of the containers with this name, alias or short id on the container's networks. */
export async function findPeerAddresses(context: RunnerContext, host: string, call: EngineCall): Promise<string[]> {
  const found: string[] = []
  for (const attachment of context.container.attachments) {
    for (const id of await listPeers(context, attachment, call)) {
      found.push(...(await findAddresses(context, { id, host, attachment }, call)))
    }
  }
  return found
}

async function listPeers(
  { engine }: RunnerContext,
  { networkId }: Attachment,
  call: EngineCall,
): Promise<readonly string[]> {
  const inspected = (await engine.api(call)).getNetwork(networkId).inspect()
  const network = await ignoreErrors(['NETWORK_NOT_FOUND'], inspected)
  return Object.keys(network?.Containers ?? {})
}

interface Peer {
  readonly id: string
  readonly host: string
  readonly attachment: Attachment
}

async function findAddresses(
  { engine }: RunnerContext,
  { id, host, attachment }: Peer,
  call: EngineCall,
): Promise<readonly string[]> {
  const peer = await findContainer(engine, { ...call, subject: id }) // it can have been removed since
  const networks = Object.values(peer?.NetworkSettings?.Networks ?? {})
  const network = networks.find(({ NetworkID }) => NetworkID === attachment.networkId)
  if (peer === undefined || network === undefined) return []
  const names = [toContainerName(peer.Name), id.slice(0, 12), ...(network.Aliases ?? [])]
  const matches = names.some((name) => {
    return name !== '' && (isSameHost(name, host) || isSameHost(`${name}.${attachment.networkName}`, host))
  })
  const addresses = [network.IPAddress, network.GlobalIPv6Address]
  return matches ? addresses.filter((address) => address !== undefined).filter((address) => address !== '') : []
}
