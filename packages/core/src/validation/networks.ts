import type { NetworkJoin } from '../contract/container/container-config.js'
import type {
  ConnectContainerOptions,
  CreateNetworkOptions,
  DisconnectContainerOptions,
  SubnetConfig,
} from '../contract/managers/network-manager.js'
import { parseSubnet, type Subnet } from '../contract/subnet.js'
import { check, checkBoolean, checkEach, checkObject, checkOneOf, checkText, checkUnique } from './check.js'
import { checkAddress, checkHostName } from './fields.js'
import { checkFields } from './known-fields.js'
import { validateId, validateLabels, validateName } from './names.js'

/** The id of the default network on every runtime. */
export const defaultNetworkId = 'default'

/** Checks the arguments of `createNetwork`. */
export function validateNetwork(name: string, options: CreateNetworkOptions): void {
  validateName(name)
  check(name !== defaultNetworkId, 'name', 'another name, since "default" is the default network', name)
  checkFields('CreateNetworkOptions', options)
  const { labels, internal, subnets = [], ipv6, scope } = options
  if (labels !== undefined) validateLabels(labels)
  checkBoolean('internal', internal)
  checkBoolean('ipv6', ipv6)
  if (scope !== undefined) checkOneOf('scope', scope, ['engine', 'cluster'])
  checkEach('subnets', subnets, checkSubnet)
  const families = subnets.map(({ cidr }) => parseSubnet(cidr)?.family ?? '')
  const repeated = families.findIndex((family, index) => families.indexOf(family) !== index)
  check(repeated === -1, `subnets[${repeated}]`, 'of another address family than the first', subnets[repeated]?.cidr)
  check(ipv6 !== false || !families.includes('ipv6'), 'ipv6', 'true or absent with an IPv6 subnet', ipv6)
}

function checkSubnet(field: string, subnet: SubnetConfig): void {
  checkObject(field, subnet)
  const { cidr, gateway } = subnet
  checkText(`${field}.cidr`, cidr, /^/, subnetText)
  const range: Subnet | undefined = parseSubnet(cidr)
  check(range?.isAligned === true, `${field}.cidr`, subnetText, cidr)
  if (gateway === undefined) return
  const isInside = typeof gateway === 'string' && range.contains(gateway) && gateway !== range.address
  check(isInside, `${field}.gateway`, `an address in ${cidr}`, gateway)
}

/** Checks the arguments of `connectContainer`. */
export function validateConnection(networkId: string, containerId: string, options: ConnectContainerOptions): void {
  validateName(containerId, 'containerId')
  checkFields('ConnectContainerOptions', options)
  const { aliases, ipAddress } = options
  checkNetworkJoin({ networkId, ...(aliases && { aliases }), ...(ipAddress !== undefined && { ipAddress }) }, '')
}

/** Checks a network that a container joins. `prefix`: the path of the fields, with a dot at its end. */
export function checkNetworkJoin({ networkId, aliases = [], ipAddress }: NetworkJoin, prefix: string): void {
  validateId(networkId, `${prefix}networkId`)
  checkEach(`${prefix}aliases`, aliases, checkHostName)
  checkUnique(`${prefix}aliases`, aliases, (alias) => alias)
  if (ipAddress === undefined) return
  checkAddress(`${prefix}ipAddress`, ipAddress)
  // The addresses of the default network belong to the engine.
  check(networkId !== defaultNetworkId, `${prefix}ipAddress`, 'absent for the default network', ipAddress)
}

/** Checks the arguments of `disconnectContainer`. */
export function validateDisconnection(
  networkId: string,
  containerId: string,
  options: DisconnectContainerOptions,
): void {
  validateId(networkId, 'networkId')
  validateName(containerId, 'containerId')
  checkFields('DisconnectContainerOptions', options)
  checkBoolean('force', options.force)
}

const subnetText = 'an address range such as "10.20.0.0/24", whose bits after the prefix are 0'
