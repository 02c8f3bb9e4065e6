# What tests build the networks of a host from. Each host has its own namespaces for networks and mounts, which end with it.

begin_host() {
  mount -t tmpfs tmpfs /run && mount -t sysfs sysfs /sys && ip link set lo up
}

# add_network NAME ADDRESS: a card in a network /24 of its own, in which a device sits in the namespace `at-NAME`.
add_network() {
  add_cable "$1" && ip addr add "$2/24" dev "$1"
}

# add_cable NAME: the same, without an address of this host.
add_cable() {
  ip netns add "at-$1" && ip link add "$1" type veth peer name eth0 netns "at-$1" &&
    ip link set "$1" up && ip -n "at-$1" link set eth0 up
}

# add_device NETWORK ADDRESS: the device's address there.
add_device() {
  ip -n "at-$1" addr add "$2/24" dev eth0
}

# add_bridge NAME ADDRESS/BITS: a bridge with an address of this host.
add_bridge() {
  ip link add "$1" type bridge && ip addr add "$2" dev "$1" && ip link set "$1" up
}

# add_container BRIDGE ADDRESS/BITS CABLE: the namespace `container` with a cable to the bridge.
add_container() {
  ip netns add container && ip link add "$3" type veth peer name eth0 netns container &&
    ip link set "$3" master "$1" up && ip -n container addr add "$2" dev eth0 && ip -n container link set eth0 up
}

# add_tap BRIDGE NAME [FLAGS]: a virtual machine's card, plugged into the bridge.
add_tap() {
  ip tuntap add "$2" mode tap $3 && ip link set "$2" master "$1" up
}

# add_tunnel NAME ADDRESS: a VPN's interface. It is up as long as somebody holds it: the program that this shell becomes.
add_tunnel() {
  exec 9<>/dev/net/tun &&
    python3 -c "import fcntl, struct; fcntl.ioctl(9, 0x400454CA, struct.pack('16sH22x', b'$1', 0x1001))" &&
    ip addr add "$2/32" dev "$1" && ip link set "$1" up
}

# show_card NAME: the last step: the system shows a card in the interface of this name, and tells of no other interface.
show_card() {
  mount -t tmpfs tmpfs /sys/class/net && mkdir -p "/sys/class/net/$1/device"
}
