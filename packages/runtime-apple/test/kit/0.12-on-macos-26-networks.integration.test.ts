import { describeConformance } from './describe-conformance.js'

await describeConformance('0.12 on macOS 26', 'if-available')
