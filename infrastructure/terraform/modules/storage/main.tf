# A bucket for copies of the database, and one for copies of the key file, in hands of their own: neither is of use without the other.

terraform {
  required_version = ">= 1.6"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
}

variable "name" {
  description = "Beginning of the buckets' names, which are the world's: make it yours alone."
  type        = string
}

variable "kept_days" {
  description = "How long copies of the database are kept."
  type        = number
}

locals {
  buckets = toset(["backups", "keys"])
}

resource "aws_s3_bucket" "this" {
  for_each = local.buckets
  bucket   = "${var.name}-${each.key}"
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each                = local.buckets
  bucket                  = aws_s3_bucket.this[each.key].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = local.buckets
  bucket   = aws_s3_bucket.this[each.key].id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "aws:kms"
    }
    bucket_key_enabled = true
  }
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = local.buckets
  bucket   = aws_s3_bucket.this[each.key].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "backups" {
  bucket = aws_s3_bucket.this["backups"].id

  rule {
    id     = "forget"
    status = "Enabled"
    filter {}

    expiration {
      days = var.kept_days
    }

    noncurrent_version_expiration {
      noncurrent_days = 7
    }
  }
}

output "backups" {
  value = aws_s3_bucket.this["backups"].bucket
}

output "keys" {
  value = aws_s3_bucket.this["keys"].bucket
}
