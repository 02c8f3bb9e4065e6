/** Why a node cancels what it does, as the end of "was cancelled: …". */
export const reasons = {
  reset: 'a message with msg.reset asked for it',
  stop: 'the node was redeployed or stopped',
} as const;
